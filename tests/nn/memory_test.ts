/** Resident memory, at its highest, of a process that computes on many samples at once. */
import { assertGreater, assertLess } from "@std/assert";

const child = new URL("memory_child.ts", import.meta.url);

/** The most bytes that a process had while it computed these; undefined where the system does not tell. */
async function peak(network: string, pictures: number, ...asked: string[]) {
  try {
    await Deno.stat("/proc/self/status");
  } catch {
    console.log("not measured: there is no /proc");
    return undefined;
  }
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-read",
      "--allow-env",
      "--allow-sys",
      "--allow-ffi",
      child.pathname,
      network,
      `${pictures}`,
      ...asked,
    ],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(text(stderr));
  return Number(text(stdout));
}

/** What each worker of more than two may add. */
const more = 1.5e8 * Math.max(0, navigator.hardwareConcurrency - 2);

Deno.test("large batches are split: a value, a gradient, a product and a step stay below two gigabytes", async () => {
  // all at once they would take some five
  const bytes = await peak("flat", 1000, "value", "gradient", "product", "step");
  if (bytes === undefined) return;
  assertLess(bytes, 2e9 + more);
  assertGreater(bytes, 1e8);
});

Deno.test("ResNet-20 on a thousand pictures stays below two gigabytes, values and products", async () => {
  const bytes = await peak("resnet20", 1000, "value", "product");
  if (bytes !== undefined) assertLess(bytes, 2e9 + more);
});
