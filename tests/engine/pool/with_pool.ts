import { type Pool, pool, type PoolOptions } from "../../../lib/engine/pool/pool.ts";

/** Lends a pool, and ends its workers. */
export async function withPool<T>(
  options: PoolOptions,
  use: (pool: Pool) => Promise<T>,
): Promise<T> {
  const lent = pool(options);
  try {
    return await use(lent);
  } finally {
    await lent.close();
  }
}
