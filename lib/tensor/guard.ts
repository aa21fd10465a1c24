import { type Attributes, constant, type Engine, engine, type TapeNode } from "./engine.ts";
import { float } from "./gradients/rule.ts";
import { isExact, repair } from "./repair.ts";
import * as tf from "./tf.ts";

type Tensor = tf.Tensor;
type Inputs = Record<string, Tensor>;

/** What to use instead of some ops that cannot be differentiated twice. */
const instead: Record<string, string> = {
  [tf.TopK]: "tf.max, or tf.gather with the indices of tf.topk computed outside",
  [tf.LRN]: "batch or layer normalization",
  [tf.FlipLeftRight]: "tf.reverse",
  [tf.TensorScatterUpdate]: "tf.where, or tf.scatterND",
  [tf.Diag]: "a product with tf.eye",
  [tf.SparseToDense]: "tf.scatterND",
};

/** The error for an op whose derivative nobody vouches for. */
function refusal(node: TapeNode, isCustom: boolean, times: string): Error {
  if (isCustom) {
    return new Error(
      `Cannot differentiate ${times}: the function uses a custom gradient (tf.customGrad), whose own ` +
        "derivative cannot be checked; write the function with tfjs ops",
    );
  }
  const advice = instead[node.kernelName] ??
    "other tfjs ops (`exactOps` lists those that are exact)";
  return new Error(
    `Cannot differentiate ${times}: ${node.kernelName} has no verified derivative; use ${advice}`,
  );
}

/** tfjs's own custom gradients, by the op that makes them: what they compute is made of exact ops. */
const transparent = new Set([
  "logSoftmax__op",
  "logSigmoid__op",
  "softmaxCrossEntropy__op",
  "fusedMatMul__op",
  "fusedConv2d__op",
  "fusedDepthwiseConv2d__op",
]);

/** Fused kernels taken apart. They reach a tape with the linear activation only, others come unfused. */
const unfused: Record<string, (inputs: Inputs, attributes: Attributes) => Tensor> = {
  [tf._FusedMatMul]: ({ a, b, bias }, { transposeA, transposeB }) =>
    biased(tf.matMul(a, b, transposeA, transposeB), bias),
  [tf.FusedConv2D]: ({ x, filter, bias }, a) =>
    biased(
      tf.conv2d(
        x as tf.Tensor4D,
        filter as tf.Tensor4D,
        a.strides,
        a.pad,
        a.dataFormat,
        a.dilations,
        a.dimRoundingMode,
      ),
      bias,
    ),
  [tf.FusedDepthwiseConv2D]: ({ x, filter, bias }, a) =>
    biased(
      tf.depthwiseConv2d(
        x as tf.Tensor4D,
        filter as tf.Tensor4D,
        a.strides,
        a.pad,
        a.dataFormat,
        a.dilations,
        a.dimRoundingMode,
      ),
      bias,
    ),
  // Its gradient in tfjs fails without a scale, and where statistics are not one number a channel.
  [tf.FusedBatchNorm]: ({ x, mean, variance, scale, offset }, { varianceEpsilon }) => {
    const deviation = tf.rsqrt(tf.add(variance, varianceEpsilon));
    const factor = scale ? tf.mul(deviation, scale) : deviation;
    return biased(tf.mul(tf.sub(x, mean), factor), offset);
  },
};

const biased = (x: Tensor, bias?: Tensor) => bias ? tf.add(x, bias) : x;

/** |x| with the derivative −1 at 0. */
const absFromTheLeft = (x: Tensor) =>
  tf.mul(x, constant(() => tf.sub(tf.mul(float(tf.greater(x, 0)), 2), 1)));

let depth = 0, customs = 0;

/** Runs f and says whether it used a custom gradient, which is no part of what kernels tell. */
export function usesCustomGradient(f: () => void): boolean {
  const before = customs;
  f();
  return customs > before;
}

/**
 * Runs f with derivatives that are exact or refused. While it runs, ops whose gradient is not ours throw
 * when they are differentiated twice, tfjs's own custom gradients and fused kernels are taken apart into
 * exact ops, and what a failed derivative leaves behind is disposed. f is synchronous.
 */
export function guarded<T>(f: () => T): T {
  repair();
  if (depth > 0) return f();
  const e = engine();
  const original = {
    runKernelFunc: e.runKernelFunc,
    runKernel: e.runKernel,
    addTapeNode: e.addTapeNode,
  };
  Object.assign(e, overrides(e));
  depth++;
  try {
    return f();
  } catch (error) {
    if (e.state.gradientDepth === 0) {
      e.state.activeTape?.forEach(({ saved }) => saved.forEach((t) => t?.dispose()));
      e.state.activeTape = null;
    }
    throw error;
  } finally {
    depth--;
    for (const name of Object.keys(original) as (keyof typeof original)[]) delete e[name];
    const own = e as unknown as Record<string, unknown>;
    for (const [name, method] of Object.entries(original)) {
      if (own[name] !== method) own[name] = method;
    }
  }
}

function overrides(e: Engine): Pick<Engine, "runKernelFunc" | "runKernel" | "addTapeNode"> {
  const { runKernelFunc, runKernel, addTapeNode } = e;
  return {
    runKernelFunc(call) {
      if (!call.forwardFunc) return runKernelFunc.call(e, call);
      if (transparent.has(e.state.activeScope?.name ?? "")) return call.forwardFunc(null, () => {});
      const y = runKernelFunc.call(e, call);
      if (e.isTapeOn()) {
        customs++;
        refuseTwice(e, e.state.activeTape!.at(-1)!, true);
      }
      return y;
    },
    runKernel(name, inputs, attributes = {}) {
      if (e.isTapeOn()) {
        if (name in unfused) return unfused[name](inputs as Inputs, attributes);
        // Its terms have kinks at 0 that cancel if all are seen from one side.
        if (name === tf.Abs && e.state.scopeStack.at(-2)?.name === "sigmoidCrossEntropy__op") {
          return absFromTheLeft((inputs as Inputs).x);
        }
      }
      return runKernel.call(e, name, inputs, attributes);
    },
    addTapeNode(name, inputs, outputs, gradient, ...rest) {
      addTapeNode.call(e, name, inputs, outputs, gradient, ...rest);
      // A gradient of its own: a clone, which is exact, or a custom one, which is seen to above.
      if (gradient == null && !isExact(name)) refuseTwice(e, e.state.activeTape!.at(-1)!, false);
    },
  };
}

/** Makes an op throw where its gradient is missing, or would itself be differentiated. */
function refuseTwice(e: Engine, node: TapeNode, isCustom: boolean): void {
  const { gradient } = node;
  node.gradient = (dys) => {
    if (!gradient) throw refusal(node, isCustom, "the loss");
    if (e.isTapeOn()) throw refusal(node, isCustom, "the loss twice");
    return gradient(dys);
  };
}
