/** A cell of some kind, and the ends of the outputs that it must have, in order. */
export function cellOfKind(kind: number, i: number): [code: string, ends: string[]] {
  const big = (n: number, end: string) => `"x".repeat(${n}) + ${JSON.stringify(end)}`;
  const show = (text: string) => `Deno.jupyter.display({ "text/plain": ${text} }, { raw: true })`;
  const kinds: [string, string[]][] = [
    [`console.log("s${i}");`, [`s${i}\n`]],
    [`${i} * 1`, [`${i}`]],
    [`await ${show(`"d${i}"`)};`, [`d${i}`]],
    [`console.log(${big(300_000, `b${i}`)});`, [`b${i}\n`]],
    [`await ${show(big(2_000_000, `D${i}`))};`, [`D${i}`]],
    [
      `console.log("a${i}"); await ${show(big(300_000, `e${i}`))}; console.error("z${i}"); "v${i}"`,
      [`a${i}\n`, `e${i}`, `z${i}\n`, `"v${i}"`],
    ],
    [`for (let j = 0; j < 20; j++) console.log("l${i}." + j);`, [`l${i}.19\n`]],
    [
      `({ [Symbol.for("Jupyter.display")]: () => ({ "text/plain": ${big(300_000, `h${i}`)} }) })`,
      [`h${i}`],
    ],
  ];
  return kinds[kind % kinds.length];
}
