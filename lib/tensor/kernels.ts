import { type ComposedKernel, kernelConfig } from "./kernels/composed.ts";
import { convolutionKernels } from "./kernels/convolution.ts";
import { einsum } from "./kernels/einsum.ts";
import { poolingKernels } from "./kernels/pooling.ts";
import { unsortedSegmentSum } from "./kernels/segments.ts";
import * as tf from "./tf.ts";

const composed: ComposedKernel[] = [
  ...convolutionKernels,
  ...poolingKernels,
  unsortedSegmentSum,
  einsum,
];

/** The kernels that {@link registerKernels} adds, by name. */
export const composedKernels: string[] = composed.map(({ name }) => name);

const registered = new Map<string, tf.KernelConfig[]>();

/**
 * Registers, for a backend, the kernels that wasm lacks or has wrong, written with tfjs ops: a backend
 * that records its ops sees their parts.
 */
export function registerKernels(backendName: string): void {
  if (!registered.has(backendName)) {
    registered.set(backendName, composed.map((kernel) => kernelConfig(kernel, backendName)));
  }
  repairKernels();
}

/** Puts back whichever of our kernels is no longer the registered one. */
export function repairKernels(): void {
  for (const kernels of registered.values()) kernels.forEach(putBack);
}

/** From now on these kernels of a backend are put back, too, where somebody replaces them. */
export function keepKernels(backendName: string, kernels: tf.KernelConfig[]): void {
  const ours = registered.get(backendName) ?? [];
  const names = new Set(ours.map(({ kernelName }) => kernelName));
  registered.set(backendName, [
    ...ours,
    ...kernels.filter(({ kernelName }) => !names.has(kernelName)),
  ]);
  repairKernels();
}

function putBack(kernel: tf.KernelConfig): void {
  const { kernelName, backendName } = kernel;
  const current = tf.getKernel(kernelName, backendName);
  if (current === kernel) return;
  if (current) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel(kernel);
}
