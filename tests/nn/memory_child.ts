/**
 * Computes a loss, a gradient, a product and a step of training on all pictures at once, as its arguments say, and
 * prints the most memory that this process had: network, pictures, then what to compute.
 */
import { flatten, hessian, modelLoss, resnet20, tf, train } from "../../mod.ts";

const [network, pictures, ...asked] = Deno.args, n = Number(pictures), size = 32;
const { layers } = tf;

/** Little work and much memory: as wide as it is flat. */
const flat = () =>
  tf.sequential({
    layers: [
      ...[0, 1, 2].map((i) =>
        layers.conv2d({
          ...(i === 0 && { inputShape: [size, size, 3] }),
          filters: 32,
          kernelSize: 1,
          activation: "tanh",
        })
      ),
      layers.globalAveragePooling2d({}),
      layers.dense({ units: 10 }),
    ],
  });

const model = network === "resnet20" ? resnet20() : flat(), theta = flatten(model);
const data = Float32Array.from({ length: n * size * size * 3 }, (_, i) => Math.sin(0.37 * i));
const loss = modelLoss(model, {
  inputs: { data, shape: [n, size, size, 3] },
  targets: { data: Int32Array.from({ length: n }, (_, i) => i % 10), shape: [n] },
}, { engine: "native" });

const compute: Record<string, () => Promise<unknown>> = {
  value: () => loss.value(theta),
  gradient: () => loss.gradient(theta),
  product: () => hessian(loss, theta).product(theta),
  step: () => train(loss, theta, { epochs: 1, batchSize: n, progress: false }),
};
for (const what of asked) await compute[what]();

const status = Deno.readTextFileSync("/proc/self/status");
console.log(Number(/VmHWM:\s+(\d+)/.exec(status)![1]) * 1024);
