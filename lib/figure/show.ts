import { svgNamespace, toXML } from "./document.ts";
import { display } from "./figure.ts";
import { toPNG } from "./png.ts";
import { jupyter } from "../progress.ts";

/**
 * Shows a result where one is: as a picture in a notebook's cell, as its one-line summary on a terminal. A
 * cell can show several. Await it, or its output may land in another cell: Deno's kernel loses track of what
 * is sent while a cell ends (denoland/deno#20337), and a few milliseconds of waiting prevent it.
 *
 * @param result what draws itself; anything else is shown as text
 *
 * ```ts
 * import { quadratic, show } from "../../mod.ts";
 *
 * await show(quadratic([1, 10]).layout.size); // 2
 * ```
 */
export async function show(result: unknown): Promise<void> {
  const bundle = await bundleOf(result);
  const notebook = jupyter();
  if (!notebook) return console.log(bundle["text/plain"]);
  await notebook.broadcast("display_data", { data: bundle, metadata: {}, transient: {} });
  await new Promise((resolve) => setTimeout(resolve, 5));
}

async function bundleOf(result: unknown): Promise<Record<string, string>> {
  // On a terminal nothing needs to be rendered.
  // deno-lint-ignore no-explicit-any
  const { [display]: displayed, summary } = Object(result) as any;
  if (typeof summary === "function" && !jupyter()) {
    return { "text/plain": summary.call(result) };
  }
  if (typeof displayed === "function") return await displayed.call(result);
  // A plot of one's own: as an image, so that untrusted notebooks show it too.
  const { outerHTML } = Object(result);
  if (typeof outerHTML === "string") {
    if (!outerHTML.startsWith("<svg ")) return { "text/html": outerHTML, "text/plain": "A plot" };
    const xml = toXML(result);
    const named = /^<svg [^>]*xmlns=/.test(xml);
    const svg = named ? xml : xml.replace("<svg ", `<svg xmlns="${svgNamespace}" `);
    const png = (await toPNG(svg)).toBase64();
    return { "image/svg+xml": svg, "image/png": png, "text/plain": "A plot" };
  }
  return { "text/plain": typeof result === "string" ? result : Deno.inspect(result) };
}
