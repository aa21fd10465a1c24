import { assert, assertEquals, assertMatch } from "@std/assert";
import { startKernel } from "../../lib/kernel/client.ts";

const mod = JSON.stringify(new URL("../../mod.ts", import.meta.url).href);

Deno.test("an analysis has one bar, a line at its end; Stop gives the part that is done, and the rest of the notebook goes on", async () => {
  await using kernel = await startKernel();
  await kernel.execute(
    `import { landscape, quadratic } from ${mod};
    const plain = quadratic([1, 2]), pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
    const slow = { ...plain, evaluate: async (at) => (await pause(2), await plain.evaluate(at)) };
    const directions = [Float64Array.of(1, 0), Float64Array.of(0, 1)];
    const slice = { origin: new Float64Array(2), directions };
    const sample = (resolution) => landscape(slow, slice, { resolution });
    let result;`,
    { timeout: 200 },
  );
  const texts = async (code: string, signal?: AbortSignal) => {
    const { status, outputs } = await kernel.execute(code, { signal, timeout: 200 });
    const told = outputs.map((output) =>
      "data" in output
        ? [output.metadata.losslandscape, String(output.data["text/plain"])]
        : [undefined, output.output_type]
    );
    return { status, told };
  };

  const whole = await texts("result = await sample(17); 0");
  assertEquals(whole.told.length, 2, "one display however often the bar moved");
  const [[mark, line], [, value]] = whole.told;
  assertEquals([mark, value], ["progress", "0"]);
  assertMatch(String(line), /^landscape: 290 points in [\d.]+ s$/);

  const stop = new AbortController();
  setTimeout(() => stop.abort(), 1000);
  const part = await texts("result = await sample(301); result", stop.signal);
  assertEquals(part.status, "aborted");
  assertMatch(String(part.told[0][1]), /^landscape: stopped after [\d,]+ of 90,602 points in/);
  assertMatch(String(part.told[1][1]), /^Loss landscape, 301 × 301 points \(stopped\)/);
  const { told: [[, done]] } = await texts(
    "[result.partial, result.done.reduce((a, b) => a + b) > 10, directions.length].join()",
  );
  assertEquals(done, `"true,true,2"`);
  const again = await texts("(await sample(3)).partial");
  assert(again.told.some(([, text]) => text === "false"));
});
