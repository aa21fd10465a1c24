// The types of tfjs that public signatures name. They are marked internal because `deno doc --lint` would
// otherwise hold all of tfjs to our documentation; `tf` is exported whole all the same.
import type * as tf from "./tf.ts";

/**
 * A tensor of tfjs.
 *
 * @internal
 */
export type Tensor = tf.Tensor;

/**
 * A tensor of tfjs with one axis.
 *
 * @internal
 */
export type Tensor1D = tf.Tensor1D;

/**
 * A model of tfjs: `tf.sequential`, `tf.model`, or one of ours.
 *
 * @internal
 */
export type LayersModel = tf.LayersModel;
