import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { drawDiagram } from "./diagram.ts";
import type { DrawnTopology } from "./drawn.ts";
import { drawBasinLine } from "./profile.ts";
import { drawRegions } from "./regions.ts";
import { drawTree } from "./tree.ts";

/**
 * Draws a topology: `"basins"` on the landscape of one or two directions (default there), `"tree"`, the merge
 * tree (default for three), or `"persistence"`, the diagram.
 *
 * @throws {RangeError} if the topology has no such view
 */
export function drawTopology(topology: DrawnTopology, options: DrawOptions): Drawing {
  const places = [drawBasinLine, drawRegions, undefined][topology.axes.length - 1];
  const views: Record<string, typeof drawTree> = {
    ...(places && { basins: places }),
    tree: drawTree,
    persistence: drawDiagram,
  };
  const view = options.view ?? Object.keys(views)[0];
  if (Object.hasOwn(views, view)) return views[view](topology, options);
  throw new RangeError(
    `Cannot draw the topology: view must be ${
      Object.keys(views).map((name) => `"${name}"`).join(" or ")
    }, got "${view}"`,
  );
}
