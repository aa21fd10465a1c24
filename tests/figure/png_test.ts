import { assertGreater, assertRejects, assertStringIncludes } from "@std/assert";
import { toPNG } from "../../lib/figure/png.ts";

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';

Deno.test({
  name:
    "without permission to read the fonts the error says which folders, and later calls try again",
  permissions: { read: false },
  fn: async () => {
    const error = await assertRejects(() => toPNG(svg), Deno.errors.NotCapable);
    assertStringIncludes(error.message, "--allow-read=");
    assertStringIncludes(error.message, "resvg-wasm");
    assertStringIncludes(error.message, "expo-google-fonts/inter");
  },
});

Deno.test("with it the picture comes, and grows with the scale", async () => {
  const size = async (scale: number) => {
    const png = await toPNG(svg, { scale });
    return new DataView(png.buffer, png.byteOffset).getUint32(16);
  };
  assertGreater(await size(4), await size(1));
});

Deno.test("a scale that makes no picture, or one too large, is refused with what is allowed", async () => {
  for (const scale of [0, -1, NaN, Infinity, 10.5, 1000]) {
    await assertRejects(
      () => toPNG(svg, { scale }),
      RangeError,
      `scale must be above 0 and at most 10, got ${scale}`,
    );
  }
  await assertRejects(() => toPNG(svg, { scale: 1e-3 }), RangeError, "at least one");
  const wide = svg.replaceAll('"9"', '"3000"');
  await assertRejects(() => toPNG(wide, { scale: 10 }), RangeError, "30000 × 30000 pixels");
  assertGreater((await toPNG(svg, { scale: 10 })).length, 0);
});
