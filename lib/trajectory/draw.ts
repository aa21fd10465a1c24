import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { drawDescent } from "./descent.ts";
import type { DrawnTrajectory } from "./drawn.ts";
import { drawPath } from "./path.ts";

/**
 * Draws a trajectory: `"path"` (default) in its plane, or `"loss"` over epochs beside what the plane shows.
 *
 * @throws {RangeError} if the view is another
 */
export function drawTrajectory(trajectory: DrawnTrajectory, options: DrawOptions): Drawing {
  switch (options.view ?? "path") {
    case "path":
      return drawPath(trajectory, options);
    case "loss":
      return drawDescent(trajectory, options);
  }
  throw new RangeError(
    `Cannot draw the trajectory: view must be "path" or "loss", got "${options.view}"`,
  );
}
