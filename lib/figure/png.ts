import inter from "@expo-google-fonts/inter/metadata.json" with { type: "json" };
import { initWasm, Resvg } from "@resvg/resvg-wasm";

// Both packages are imported above, so that Deno resolves their files to where it keeps them.
const files = {
  wasm: () => import.meta.resolve("@resvg/resvg-wasm/index_bg.wasm"),
  regular: () => import.meta.resolve("@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf"),
  bold: () => import.meta.resolve("@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf"),
};

let loading: Promise<Uint8Array[]> | undefined;

/** Loads the renderer and its fonts, once. */
function load(): Promise<Uint8Array[]> {
  const read = (url: string) =>
    Deno.readFile(new URL(url)).catch((error) => {
      throw error instanceof Deno.errors.NotCapable
        ? new Deno.errors.NotCapable(
          "Cannot render a PNG: the renderer and its fonts lie in Deno's npm cache, " +
            `and reading it was not allowed; run with --allow-read=${new URL(".", url).pathname}`,
          { cause: error },
        )
        : error;
    });
  return loading ??= Promise.all([read(files.wasm()), read(files.regular()), read(files.bold())])
    .then(async ([wasm, ...fonts]) => {
      await initWasm(wasm);
      return fonts;
    });
}

/**
 * Renders an SVG text as PNG, set in Inter. Needs permission to read the folders of `@resvg/resvg-wasm` and
 * `@expo-google-fonts/inter` in Deno's npm cache.
 *
 * @param svg a well-formed SVG document
 * @param options.scale pixels per CSS px, 2 by default
 */
export async function toPNG(
  svg: string,
  { scale = 2 }: { scale?: number } = {},
): Promise<Uint8Array> {
  const fontBuffers = await load();
  const renderer = new Resvg(svg, {
    fitTo: { mode: "zoom", value: scale },
    font: { fontBuffers, defaultFontFamily: inter.family, sansSerifFamily: inter.family },
  });
  const image = renderer.render();
  try {
    return image.asPng();
  } finally {
    image.free();
    renderer.free();
  }
}
