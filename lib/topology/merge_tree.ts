import type { SublevelBasin } from "../math/sublevel.ts";

/** A node of a merge tree. */
export interface MergeNode {
  /** A minimum (a leaf), a saddle where basins meet, or the top of a part of the grid (a root). */
  kind: "minimum" | "saddle" | "top";
  /** Its grid point. */
  point: number;
  /** The loss there. */
  loss: number;
  /** The nodes right below it, by their place in the list. */
  children: number[];
  /** The basin of a minimum. */
  basin?: number;
}

/**
 * The merge tree of some basins: how the connected parts of the sublevel sets grow together as the level rises
 * from the minima to the highest point (Carr, Snoeyink and Axen, 2003). Children stand before their parents.
 */
export function mergeTree(
  basins: readonly SublevelBasin[],
  tops: ReadonlyMap<number, number>,
  values: ArrayLike<number>,
): MergeNode[] {
  const nodes: MergeNode[] = basins.map(({ minimum: point }, basin) => ({
    kind: "minimum",
    point,
    loss: values[point],
    children: [],
    basin,
  }));
  const highest = [...basins.keys()];
  const merging = basins.map((basin, k) => ({ ...basin, k }))
    .filter(({ saddle }) => saddle >= 0)
    .sort((a, b) => values[a.saddle] - values[b.saddle] || a.saddle - b.saddle);
  for (const { k, saddle, ...merged } of merging) {
    // where several meet at one point, all join the deepest
    let { elder } = merged;
    while (basins[elder].saddle === saddle) elder = basins[elder].elder;
    const below = nodes[highest[elder]];
    if (below.kind === "saddle" && below.point === saddle) {
      below.children.push(highest[k]);
      continue;
    }
    nodes.push({
      kind: "saddle",
      point: saddle,
      loss: values[saddle],
      children: [highest[elder], highest[k]],
    });
    highest[elder] = nodes.length - 1;
  }
  for (const [root, point] of tops) {
    nodes.push({ kind: "top", point, loss: values[point], children: [highest[root]] });
  }
  return nodes;
}
