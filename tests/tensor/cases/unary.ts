import * as tf from "../../../lib/tensor/tf.ts";
import { type Arr, erf, map } from "./arrays.ts";
import { between, type Case, given, type Input, normal } from "./check.ts";

const row = (
  name: string,
  op: (x: tf.Tensor) => tf.Tensor,
  reference: (x: number) => number,
  input: Input = normal(2, 5),
  tolerance?: number,
): Case => ({ name, inputs: [input], op, reference: (x: Arr) => map(x, reference), tolerance });

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const softplus = (x: number) => Math.log1p(Math.exp(x));
const activation = (name: string) => {
  const { apply } = tf.layers.activation({ activation: name as "gelu" });
  return apply.bind(tf.layers.activation({ activation: name as "gelu" })) as (
    x: tf.Tensor,
  ) => tf.Tensor;
};
const positive = between(0.3, 3, 2, 5);
const small = between(-0.8, 0.8, 2, 5);
const SELU = [1.0507009873554805, 1.6732632423543772];

/** Elementwise ops of one tensor, away from their kinks. */
export const unary: Case[] = [
  row("abs", tf.abs, Math.abs),
  row("acos", tf.acos, Math.acos, small),
  row("acosh", tf.acosh, Math.acosh, between(1.5, 4, 2, 5)),
  row("asin", tf.asin, Math.asin, small),
  row("asinh", tf.asinh, Math.asinh),
  row("atan", tf.atan, Math.atan),
  row("atanh", tf.atanh, Math.atanh, small),
  row("ceil", tf.ceil, Math.ceil, between(0.1, 0.9, 4)),
  row("cos", tf.cos, Math.cos),
  row("cosh", tf.cosh, Math.cosh),
  row("erf", tf.erf, erf),
  row("exp", tf.exp, Math.exp),
  row("expm1", tf.expm1, Math.expm1),
  row("floor", tf.floor, Math.floor, between(0.1, 0.9, 4)),
  row("log", tf.log, Math.log, positive),
  row("log1p", tf.log1p, Math.log1p, between(-0.5, 2, 2, 5)),
  row("neg", tf.neg, (x) => -x),
  row("reciprocal", tf.reciprocal, (x) => 1 / x, positive),
  row("round", tf.round, Math.round, between(0.6, 1.4, 4)),
  row("rsqrt", tf.rsqrt, (x) => 1 / Math.sqrt(x), positive),
  row("sigmoid", tf.sigmoid, sigmoid),
  row("sign", tf.sign, Math.sign),
  row("sin", tf.sin, Math.sin),
  row("sinh", tf.sinh, Math.sinh),
  row("softplus", tf.softplus, softplus),
  row("sqrt", tf.sqrt, Math.sqrt, positive),
  row("square", tf.square, (x) => x * x),
  row("step", tf.step, (x) => x > 0 ? 1 : 0),
  row("tan", tf.tan, Math.tan, small),
  row("tanh", tf.tanh, Math.tanh),
  row("tanh, saturated", tf.tanh, Math.tanh, given([4], [-4, -2.5, 2.5, 4])),
  row("relu", tf.relu, (x) => Math.max(x, 0)),
  row("relu6", tf.relu6, (x) => Math.min(Math.max(x, 0), 6), given([4], [-2, 1, 5, 8])),
  row("leakyRelu", (x) => tf.leakyRelu(x, 0.3), (x) => x > 0 ? x : 0.3 * x),
  row("elu", tf.elu, (x) => x > 0 ? x : Math.expm1(x)),
  row("elu, far out", tf.elu, (x) => x > 0 ? x : Math.expm1(x), given([4], [-90, -9, 9, 90])),
  row("selu", tf.selu, (x) => SELU[0] * (x > 0 ? x : SELU[1] * Math.expm1(x))),
  row("clipByValue", (x) => tf.clipByValue(x, -1, 0.9), (x) => Math.min(Math.max(x, -1), 0.9)),
  row("logSigmoid", tf.logSigmoid, (x) => -softplus(-x)),
  row(
    "cast to int",
    (x) => tf.mul(x, tf.cast(tf.cast(x, "int32"), "float32")),
    (x) => x * Math.trunc(x),
    given([4], [-1.7, 0.6, 1.3, 2.5]),
  ),
  row("cast to bool", (x) => tf.mul(x, tf.cast(tf.cast(x, "bool"), "float32")), (x) => x),
  row("clone", tf.clone, (x) => x),
  row("isNaN", (x) => tf.mul(x, tf.cast(tf.logicalNot(tf.isNaN(x)), "float32")), (x) => x),
  row(
    "isInf, isFinite",
    (x) => tf.mul(x, tf.cast(tf.notEqual(tf.isInf(x), tf.isFinite(x)), "float32")),
    (x) => x,
  ),
  row(
    "zerosLike, onesLike",
    (x) => tf.add(tf.mul(x, tf.onesLike(tf.square(x))), tf.zerosLike(tf.square(x))),
    (x) => x,
  ),
  row("gelu", activation("gelu"), (x) => 0.5 * x * (1 + erf(x / Math.SQRT2))),
  row(
    "gelu_new",
    activation("gelu_new"),
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  ),
  row("swish", activation("swish"), (x) => x * sigmoid(x)),
  row("mish", activation("mish"), (x) => x * Math.tanh(softplus(x))),
  row("softsign", activation("softsign"), (x) => x / (1 + Math.abs(x))),
  row(
    "hardSigmoid",
    activation("hardSigmoid"),
    (x) => Math.min(Math.max(0.2 * x + 0.5, 0), 1),
    given([4], [-4, -1, 2, 4]),
  ),
];
