import { assertEquals, assertStrictEquals } from "@std/assert";
import process from "node:process";
import { onBackend, ready } from "../../lib/tensor/backend.ts";
import { hessianProduct, valueAndGradients } from "../../lib/tensor/derivatives.ts";
import * as tf from "../../lib/tensor/tf.ts";

/** A user's backend: it keeps numbers, and computes nothing. */
class Shelf extends tf.KernelBackend {
  readonly values = new Map<object, tf.BackendValues>();
  override write(values: tf.BackendValues): object {
    const id = {};
    this.values.set(id, values);
    return id;
  }
  override move(id: object, values: tf.BackendValues): void {
    this.values.set(id, values);
  }
  override readSync(id: object): tf.BackendValues {
    return this.values.get(id)!;
  }
  override disposeData(id: object): boolean {
    return this.values.delete(id) || true;
  }
  override refCount(): number {
    return 1;
  }
  override numDataIds(): number {
    return this.values.size;
  }
  override floatPrecision(): 32 {
    return 32;
  }
  override dispose(): void {}
}

Deno.test("a backend that the user chose stays chosen, and his tensors are differentiated on wasm", async () => {
  const listeners = () =>
    ["uncaughtException", "unhandledRejection"].map((e) => process.listenerCount(e));
  const before = listeners();
  tf.registerBackend("shelf", () => new Shelf());
  await tf.setBackend("shelf");
  assertStrictEquals(ready(), ready());
  await ready();
  assertEquals(tf.getBackend(), "shelf");
  assertEquals(listeners(), before, "no handler that ends the process is left");

  const x = tf.tensor1d([2]);
  const cube = ([x]: tf.Tensor[]) => {
    assertEquals(tf.getBackend(), "wasm");
    return tf.sum(tf.pow(x, 3)) as tf.Scalar;
  };
  const { value, gradients } = valueAndGradients(cube, [x]);
  const products = hessianProduct(cube, [x], [x]);
  assertEquals([value, ...gradients, ...products].map((t) => t.dataSync()[0]), [8, 12, 24]);
  assertEquals(tf.getBackend(), "shelf");
  assertEquals(onBackend("wasm", () => tf.getBackend()), "wasm");
  tf.dispose([x, value, gradients, products]);
});

Deno.test("tfjs starts and differentiates twice with no permission at all", async () => {
  const script = new URL("cases/no_permissions.ts", import.meta.url);
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--quiet", script.href],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assertEquals(text(stdout).trim(), "12", text(stderr));
});
