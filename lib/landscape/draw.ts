import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { drawContour } from "./contour.ts";
import type { DrawnLandscape } from "./drawn.ts";
import { drawProfile } from "./profile.ts";
import { drawSurface } from "./surface.ts";
import { drawIsosurfaces, drawSlices } from "./volume.ts";

const views = [
  { profile: drawProfile },
  { contour: drawContour, surface: drawSurface },
  { slices: drawSlices, isosurfaces: drawIsosurfaces },
] as const;

/**
 * Draws a landscape. One direction: `"profile"`; two: `"contour"` (default) or `"surface"`; three: `"slices"`
 * (default) or `"isosurfaces"`.
 *
 * @throws {RangeError} if the landscape has no such view
 */
export function drawLandscape(landscape: DrawnLandscape, options: DrawOptions): Drawing {
  const dimension = landscape.axes.length;
  const known: Record<string, typeof drawContour> = views[dimension - 1];
  const view = options.view ?? Object.keys(known)[0];
  if (!Object.hasOwn(known, view)) {
    const names = Object.keys(known).map((name) => `"${name}"`).join(" or ");
    throw new RangeError(
      `Cannot draw the landscape: view must be ${names} for ${dimension} ` +
        `${dimension === 1 ? "direction" : "directions"}, got "${view}"`,
    );
  }
  return known[view](landscape, options);
}
