import { fileURLToPath } from "node:url";
import inter from "npm:@expo-google-fonts/inter@0.4.2/metadata.json" with { type: "json" };
import { initWasm, Resvg } from "npm:@resvg/resvg-wasm@2.6.2";

// Both packages are imported above, so that Deno resolves their files to where it keeps them.
const files = {
  wasm: () => import.meta.resolve("npm:@resvg/resvg-wasm@2.6.2/index_bg.wasm"),
  regular: () =>
    import.meta.resolve("npm:@expo-google-fonts/inter@0.4.2/400Regular/Inter_400Regular.ttf"),
  bold: () =>
    import.meta.resolve("npm:@expo-google-fonts/inter@0.4.2/600SemiBold/Inter_600SemiBold.ttf"),
};

// What the renderer can hold with room to spare: a pixel takes four bytes, several times over.
const mostPixels = 64e6;

let loading: Promise<Uint8Array[]> | undefined;

/** Loads the renderer and its fonts, once. */
async function load(): Promise<Uint8Array[]> {
  const urls = [files.wasm(), files.regular(), files.bold()].map((url) => new URL(url));
  try {
    const [wasm, ...fonts] = await Promise.all(urls.map((url) => Deno.readFile(url)));
    await initWasm(wasm);
    return fonts;
  } catch (error) {
    loading = undefined;
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    const folders = [urls[0], new URL("..", urls[1])].map((url) =>
      fileURLToPath(new URL(".", url))
    );
    throw new Deno.errors.NotCapable(
      "Cannot render a PNG: its renderer and fonts lie in Deno's npm cache, and reading that was not " +
        `allowed; run with --allow-read=${folders.join(",")}, or take svg() instead`,
      { cause: error },
    );
  }
}

/**
 * Renders an SVG text as PNG, set in Inter. Needs permission to read the folders of `@resvg/resvg-wasm` and
 * `@expo-google-fonts/inter` in Deno's npm cache.
 *
 * @throws {Deno.errors.NotCapable} without that permission
 * @throws {RangeError} if `scale` is not above 0 and at most 10, or gives more than 64 million pixels or none
 *
 * @param svg a well-formed SVG document
 * @param options.scale pixels per CSS px, 2 by default
 */
export async function toPNG(
  svg: string,
  { scale = 2 }: { scale?: number } = {},
): Promise<Uint8Array> {
  if (!(scale > 0 && scale <= 10)) {
    throw new RangeError(
      `Cannot render a PNG: scale must be above 0 and at most 10, got ${scale}`,
    );
  }
  const fontBuffers = await (loading ??= load());
  const renderer = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    font: { fontBuffers, defaultFontFamily: inter.family, sansSerifFamily: inter.family },
  });
  try {
    const [width, height] = [renderer.width, renderer.height].map((px) => Math.round(px * scale));
    if (!(width >= 1 && height >= 1 && width * height <= mostPixels)) {
      throw new RangeError(
        `Cannot render a PNG of ${width} × ${height} pixels: it must have at least one and at most ` +
          `${mostPixels / 1e6} million; take another scale or width`,
      );
    }
    const image = renderer.render();
    try {
      return image.asPng();
    } finally {
      image.free();
    }
  } finally {
    renderer.free();
  }
}
