/* Fused multiply-adds that never leave the registers: what one core can do in float32, in GFLOP/s. */
#include <stdio.h>
#include <time.h>

typedef float lanes __attribute__((vector_size(64)));
enum { CHAINS = 12, ROUNDS = 60000000 };

int main(void) {
  lanes sum[CHAINS], factor, term;
  for (int i = 0; i < 16; i++) { factor[i] = 0.999f; term[i] = 0.001f; }
  for (int c = 0; c < CHAINS; c++) sum[c] = term * (float)c;
  struct timespec a, b;
  clock_gettime(CLOCK_MONOTONIC, &a);
  for (long r = 0; r < ROUNDS; r++)
    for (int c = 0; c < CHAINS; c++) sum[c] = sum[c] * factor + term;
  clock_gettime(CLOCK_MONOTONIC, &b);
  lanes all = sum[0];
  for (int c = 1; c < CHAINS; c++) all += sum[c];
  double seconds = b.tv_sec - a.tv_sec + (b.tv_nsec - a.tv_nsec) * 1e-9;
  printf("%.1f\n", 2.0 * 16 * CHAINS * ROUNDS / seconds * 1e-9);
  return all[0] == 12345.0f;
}
