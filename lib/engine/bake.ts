import { tensor } from "./onnx.ts";
import type { HostTensor, Port } from "./program.ts";
import { message } from "./protobuf.ts";

/**
 * A model with some of its values written in as constants. The graph of an ONNX model is a message inside
 * a message, and one that is given twice is merged: so the constants are appended, and nothing is parsed.
 */
export function bake(
  model: Uint8Array,
  constants: Port[],
  values: Record<string, HostTensor>,
): Uint8Array {
  const graph = message();
  for (const { name, dtype } of constants) graph.block(5, tensor(name, values[name], dtype));
  const addition = message().block(7, graph).bytes();
  const out = new Uint8Array(model.length + addition.length);
  out.set(model);
  out.set(addition, model.length);
  return out;
}
