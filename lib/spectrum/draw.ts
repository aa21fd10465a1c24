import type { Drawing, DrawOptions } from "../figure/drawing.ts";
import { drawDensity } from "./density.ts";
import { drawStems } from "./stems.ts";
import type { DrawnSpectrum } from "./drawn.ts";

/**
 * Draws a spectrum: `"stems"` (default) are its ends with their residuals, `"density"` is where all eigenvalues
 * are, on a log axis.
 *
 * @throws {RangeError} if the view is another, or there is no density
 */
export function drawSpectrum(spectrum: DrawnSpectrum, options: DrawOptions): Drawing {
  const { density, eigenvalues, bottom } = spectrum;
  const ends = eigenvalues.length + bottom.length;
  switch (options.view ?? (ends === 0 && density ? "density" : "stems")) {
    case "stems":
      return drawStems(spectrum, options);
    case "density":
      if (density) return drawDensity({ ...spectrum, density }, options);
      throw new RangeError(
        'Cannot draw the spectrum: there is no density; compute it with density: true, or draw the view "stems"',
      );
  }
  throw new RangeError(
    `Cannot draw the spectrum: view must be "stems" or "density", got "${options.view}"`,
  );
}
