import { ready } from "../../../lib/tensor/backend.ts";
import { hessianProduct } from "../../../lib/tensor/derivatives.ts";
import * as tf from "../../../lib/tensor/tf.ts";

await ready();
const x = tf.tensor1d([2]);
const [h] = hessianProduct(([x]) => tf.sum(tf.pow(x, 3)) as tf.Scalar, [x], [tf.ones([1])]);
console.log(h.dataSync()[0]);
