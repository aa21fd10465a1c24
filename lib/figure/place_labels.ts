import { textWidth } from "./text.ts";

/** A text that wants to stand beside a point, in px. */
export interface Label {
  /** The point, from the left. */
  readonly x: number;
  /** The point, from the top. */
  readonly y: number;
  /** The text. */
  readonly text: string;
  /** How far from the point, 13 px by default. */
  readonly distance?: number;
  /** Whether it would rather stand below than above. */
  readonly below?: boolean;
  /** Whether it is left out rather than put where something is already. */
  readonly optional?: boolean;
}

/** A label with the middle of its place. */
export interface PlacedLabel extends Label {
  /** The middle of the text. */
  readonly at: { readonly x: number; readonly y: number };
}

/** A rectangle in px. */
export interface Box {
  /** Its left edge. */
  x1: number;
  /** Its right edge. */
  x2: number;
  /** Its upper edge. */
  y1: number;
  /** Its lower edge. */
  y2: number;
}

const around = [[0, -1], [1, -0.8], [-1, -0.8], [1, 0], [-1, 0], [1, 0.8], [-1, 0.8], [0, 1]];

// Where a text may stand, the best place first: close by, then a little farther up or down.
const places = [1, 1.9, 2.8].flatMap((reach) => around.map(([dx, dy]) => [dx, dy * reach]));

/**
 * Finds a place for each label, in the order given: inside the frame, on no other label, and on as few of
 * the points to be kept clear as can be.
 *
 * @param options.taken the places of other texts; those found are added
 */
export function placeLabels(
  labels: readonly Label[],
  { frame, clear, taken = [], size = 12 }: {
    frame: Box;
    clear: readonly (readonly [number, number])[];
    taken?: Box[];
    size?: number;
  },
): PlacedLabel[] {
  const placed: PlacedLabel[] = [];
  for (const label of labels) {
    const { x, y, text, distance = 13, below, optional } = label;
    const half = { x: textWidth(text, size, true) / 2 + 2, y: size * 0.62 };
    let best = { cost: Infinity, x, y };
    places.forEach(([dx, up], preference) => {
      const dy = below ? -up : up;
      const cx = x + dx * (half.x + distance - 5);
      const cy = y + dy * (dx === 0 ? distance + 2 : distance);
      const box = { x1: cx - half.x, x2: cx + half.x, y1: cy - half.y, y2: cy + half.y };
      const out = box.x1 < frame.x1 || box.x2 > frame.x2 || box.y1 < frame.y1 || box.y2 > frame.y2;
      const covered = clear.filter(([px, py]) =>
        px > box.x1 && px < box.x2 && py > box.y1 && py < box.y2
      ).length;
      const collides = taken.some((t) =>
        t.x1 < box.x2 && t.x2 > box.x1 && t.y1 < box.y2 && t.y2 > box.y1
      );
      const cost = (collides ? 1000 : 0) + (out ? 500 : 0) + 10 * covered +
        15 * Math.floor(preference / around.length) + preference / 10;
      if (cost < best.cost) best = { cost, x: cx, y: cy };
    });
    if (optional && best.cost >= 10) continue;
    taken.push({
      x1: best.x - half.x,
      x2: best.x + half.x,
      y1: best.y - half.y,
      y2: best.y + half.y,
    });
    placed.push({ ...label, at: { x: best.x, y: best.y } });
  }
  return placed;
}
