/** Resident memory, at its highest, of processes of their own that compute on many samples at once. */
import { assertGreater, assertLess } from "@std/assert";

const child = new URL("memory_child.ts", import.meta.url);

/** The most bytes that a process had while it computed these. */
async function peak(network: string, pictures: number, ...asked: string[]): Promise<number> {
  const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
    // nothing less opens what Linux tells of a process
    args: ["run", "--allow-all", child.pathname, network, `${pictures}`, ...asked],
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  if (!success) throw new Error(text(stderr));
  return Number(text(stdout));
}

/** Two gigabytes on two cores; each core more has a worker more. */
const bound = 2e9 + 1.5e8 * Math.max(0, navigator.hardwareConcurrency - 2);

const ignore = Deno.build.os !== "linux";

Deno.test({
  name: "ResNet-20 on a thousand pictures stays below two gigabytes: values, products and steps",
  ignore,
  async fn() {
    const bytes = await peak("resnet20", 1000, "value", "product", "step");
    assertLess(bytes, bound);
    assertGreater(bytes, 1e8);
  },
});

Deno.test({
  name: "so does a net that takes little work and much memory, and its gradient",
  ignore,
  async fn() {
    assertLess(await peak("flat", 1000, "value", "gradient", "product", "step"), bound);
  },
});
