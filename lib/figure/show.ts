import { jupyter } from "../progress.ts";
import { display } from "./figure.ts";
import { showWell } from "./shown.ts";
import { still } from "./still.ts";

showWell();

/**
 * Shows a result where one is: as a picture in a notebook's cell, as its one-line summary on a terminal. A
 * cell can show several. In a notebook a plot made with our `document` is an image too, a list of plain
 * objects a table, a tensor its shape and some of its numbers, also where a cell ends in them. Await it, or
 * its output may land in another cell: Deno's kernel loses track of what is sent while a cell ends
 * (denoland/deno#20337), and a few milliseconds of waiting prevent it.
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
  if (typeof Object(result).outerHTML === "string") return await still(result);
  return { "text/plain": typeof result === "string" ? result : Deno.inspect(result) };
}
