import { element, type FigureElement } from "./document.ts";

/** Something in three dimensions, ready to be painted: plain data, so that it can travel into a page. */
export interface Scene {
  /** x, y, z of each vertex; x and y from −1 to 1, z from −`height` to `height`, up. */
  readonly vertices: readonly number[];
  /** Faces: an index into `palette`, then three or four indices of vertices. */
  readonly faces: readonly (readonly number[])[];
  /** Colours of the faces. */
  readonly palette: readonly string[];
  /** How opaque the faces are, 1 by default. */
  readonly opacity?: number;
  /** Thin lines on the faces: pieces of x, y, z, x, y, z. */
  readonly lines: readonly (readonly number[])[];
  /** Paths, hidden by what is in front of them; there a faint dashed line shows through. */
  readonly paths: readonly ScenePath[];
  /** Half of the height of the box. */
  readonly height: number;
  /** The axes x, y and z. */
  readonly axes: readonly SceneAxis[];
  /** The colours of everything else. */
  readonly colors: {
    ink: string;
    quiet: string;
    grid: string;
    halo: string;
    line: string;
    paper: string;
  };
  /** From where it is seen at first, in radians. */
  readonly yaw: number;
  /** How far from above, in radians. */
  readonly pitch: number;
}

/** A path in a scene. */
export interface ScenePath {
  /** x, y, z of its points. */
  readonly points: readonly number[];
  /** Its colour. */
  readonly color: string;
  /** Points with a dot: the checkpoints. */
  readonly dots: readonly number[];
  /** Names of points, by index. */
  readonly labels: readonly { at: number; text: string; end: boolean }[];
}

/** An axis of a scene. */
export interface SceneAxis {
  /** What it measures. */
  readonly label: string;
  /** Its ticks, in the coordinates of the scene. */
  readonly ticks: readonly { at: number; text: string }[];
}

/** What {@link paintScene} draws with: a canvas, or SVG. */
export interface Pen {
  /** A filled polygon: x, y of its corners. */
  fill(points: number[], color: string, opacity: number): void;
  /** A line: x, y of its points. */
  line(points: number[], color: string, width: number, opacity: number, dash?: number): void;
  /** A disc. */
  dot(x: number, y: number, radius: number, color: string, edge: string, edgeWidth: number): void;
  /** A text around x, y; angle in degrees. */
  text(
    x: number,
    y: number,
    text: string,
    style: { color: string; anchor: string; angle?: number; halo?: string; bold?: boolean },
  ): void;
}

/**
 * Paints a scene by the painter's algorithm: what is far first. It uses nothing but its arguments, since
 * its source also travels into pages, where the same picture can be rotated.
 */
export function paintScene(
  pen: Pen,
  scene: Scene,
  { yaw, pitch, zoom = 1, width, height }: {
    yaw: number;
    pitch: number;
    zoom?: number;
    width: number;
    height: number;
  },
): void {
  const { vertices, faces, palette, opacity = 1, lines, paths, height: h, axes, colors } = scene;
  const [cy, sy, cp, sp] = [Math.cos(yaw), Math.sin(yaw), Math.cos(pitch), Math.sin(pitch)];
  const scale = zoom *
    Math.min((width - 112) / 2.84, (height - 72) / (2 * h * Math.abs(cp) + 2.84 * Math.abs(sp)));
  /** Screen x, screen y, depth (larger is farther). */
  const project = (x: number, y: number, z: number) => {
    const u = x * cy - y * sy;
    const v = x * sy + y * cy;
    return [
      width / 2 + 12 + scale * u,
      height / 2 - 14 - scale * (z * cp + v * sp),
      v * cp - z * sp,
    ];
  };

  // The box: a floor, and the two walls at the back.
  const floor = -h;
  const far = { x: sy > 0 ? 1 : -1, y: cy > 0 ? 1 : -1 };
  const wire = (a: number[], b: number[], color: string, w = 1) => {
    const [p, q] = [project(a[0], a[1], a[2]), project(b[0], b[1], b[2])];
    pen.line([p[0], p[1], q[0], q[1]], color, w, 1);
  };
  for (const { at } of axes[0].ticks) {
    wire([at, -1, floor], [at, 1, floor], colors.grid);
    wire([at, far.y, floor], [at, far.y, h], colors.grid);
  }
  for (const { at } of axes[1].ticks) {
    wire([-1, at, floor], [1, at, floor], colors.grid);
    wire([far.x, at, floor], [far.x, at, h], colors.grid);
  }
  for (const { at } of axes[2].ticks) {
    wire([-1, far.y, at], [1, far.y, at], colors.grid);
    wire([far.x, -1, at], [far.x, 1, at], colors.grid);
  }
  for (const s of [-1, 1]) {
    wire([-1, s, floor], [1, s, floor], colors.grid, 1.4);
    wire([s, -1, floor], [s, 1, floor], colors.grid, 1.4);
  }

  // Faces, lines and pieces of paths, far ones first. What lies on a face is drawn a little nearer.
  const items: { depth: number; paint: () => void }[] = [];
  const at = new Float64Array(vertices.length);
  let span = 0;
  for (let i = 0; i < vertices.length; i += 3) {
    const [x, y, depth] = project(vertices[i], vertices[i + 1], vertices[i + 2]);
    at[i] = x;
    at[i + 1] = y;
    at[i + 2] = depth;
  }
  for (const [color, ...corners] of faces) {
    let [mx, my, depth, low, high] = [0, 0, 0, Infinity, -Infinity];
    for (const c of corners) {
      mx += at[3 * c] / corners.length;
      my += at[3 * c + 1] / corners.length;
      depth += at[3 * c + 2] / corners.length;
      low = Math.min(low, at[3 * c + 2]);
      high = Math.max(high, at[3 * c + 2]);
    }
    span = Math.max(span, high - low);
    items.push({
      depth,
      paint: () => {
        const points: number[] = [];
        for (const c of corners) {
          // A face reaches a little under its neighbours, so that no seam shows between them.
          const [dx, dy] = [at[3 * c] - mx, at[3 * c + 1] - my];
          const grow = opacity < 1 ? 0 : 0.5 / (Math.abs(dx) + Math.abs(dy) + 0.5);
          points.push(at[3 * c] + dx * grow, at[3 * c + 1] + dy * grow);
        }
        pen.fill(points, palette[color], opacity);
      },
    });
  }
  const lift = Math.min(span, 0.12) + 1e-3;
  for (const [x1, y1, z1, x2, y2, z2] of lines) {
    const [a, b] = [project(x1, y1, z1), project(x2, y2, z2)];
    items.push({
      depth: (a[2] + b[2]) / 2 - lift,
      paint: () => pen.line([a[0], a[1], b[0], b[1]], colors.line, 0.7, 0.35),
    });
  }
  const projected = paths.map(({ points }) => {
    const out: number[][] = [];
    for (let i = 0; i < points.length; i += 3) {
      out.push(project(points[i], points[i + 1], points[i + 2]));
    }
    return out;
  });
  paths.forEach(({ color }, k) => {
    const points = projected[k];
    for (let i = 1; i < points.length; i++) {
      const piece = [points[i - 1][0], points[i - 1][1], points[i][0], points[i][1]];
      const [near, far] = [points[i - 1][2], points[i][2]].sort((a, b) => a - b);
      // Nearer than the edges of the pieces beside it, which would cut it into dashes.
      const over = near - 2 * (far - near) - 2 * lift;
      items.push({ depth: far - 1.5 * lift, paint: () => pen.line(piece, colors.halo, 4.5, 0.85) });
      items.push({ depth: over, paint: () => pen.line(piece, color, 2.2, 1) });
    }
  });
  paths.forEach(({ color, dots }, k) => {
    const drawn: number[][] = [];
    for (const i of dots) {
      const [x, y, depth] = projected[k][i];
      if (drawn.some(([dx, dy]) => Math.hypot(x - dx, y - dy) < 13)) continue;
      drawn.push([x, y]);
      items.push({
        depth: depth - 2.2 * lift,
        paint: () => pen.dot(x, y, 2.3, color, colors.halo, 1),
      });
    }
  });
  items.sort((a, b) => b.depth - a.depth);
  for (const { paint } of items) paint();

  paths.forEach(({ color, labels }, k) => {
    const points = projected[k];
    pen.line(points.flatMap(([x, y]) => [x, y]), color, 1.2, 0.55, 4);
    for (const { at: i, end } of labels) {
      const [x, y] = points[i];
      if (!end) pen.dot(x, y, 4.5, colors.paper, color, 2);
      else {
        const star: number[] = [];
        const halo: number[] = [];
        for (let corner = 0; corner < 10; corner++) {
          const angle = -Math.PI / 2 + corner * Math.PI / 5;
          const radius = corner % 2 ? 3.4 : 8;
          star.push(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
          halo.push(x + (radius + 2) * Math.cos(angle), y + (radius + 2) * Math.sin(angle));
        }
        pen.fill(halo, colors.halo, 1);
        pen.fill(star, color, 1);
      }
    }
    for (const { at: i, text } of labels) {
      if (!text) continue;
      const [x, y] = points[i];
      const style = { color: colors.ink, anchor: "middle", halo: colors.halo, bold: true };
      pen.text(x, y - 16, text, style);
    }
  });

  // Names of the axes, along the edges of the floor that are near, and the vertical edge at the left.
  const edges = [
    { from: [-1, -far.y, floor], to: [1, -far.y, floor] },
    { from: [-far.x, -1, floor], to: [-far.x, 1, floor] },
  ];
  const centre = project(0, 0, floor);
  edges.forEach(({ from, to }, axis) => {
    const [a, b] = [project(from[0], from[1], from[2]), project(to[0], to[1], to[2])];
    const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
    let [dx, dy] = [a[1] - b[1], b[0] - a[0]];
    if (dx * (middle[0] - centre[0]) + dy * (middle[1] - centre[1]) < 0) [dx, dy] = [-dx, -dy];
    const length = Math.hypot(dx, dy) || 1;
    const out = [dx / length, dy / length];
    let before = { x: -Infinity, y: 0, half: 0 };
    for (const { at: t, text } of axes[axis].ticks) {
      // At the corner that both axes share there is room for neither.
      if (Math.abs(t + (axis === 0 ? far.x : far.y)) < 0.06) continue;
      const [x, y] = axis === 0 ? project(t, from[1], floor) : project(from[0], t, floor);
      const half = 3.3 * text.length + 2;
      if (Math.abs(x - before.x) < half + before.half && Math.abs(y - before.y) < 13) continue;
      before = { x, y, half };
      pen.text(x + 12 * out[0], y + 12 * out[1], text, { color: colors.quiet, anchor: "middle" });
    }
    let angle = Math.atan2(b[1] - a[1], b[0] - a[0]) * 180 / Math.PI;
    if (angle > 90) angle -= 180;
    if (angle < -90) angle += 180;
    const style = { color: colors.ink, anchor: "middle", angle };
    pen.text(middle[0] + 31 * out[0], middle[1] + 31 * out[1], axes[axis].label, style);
  });
  const corners = [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([x, y]) => ({
    x,
    y,
    at: project(x, y, h),
  }));
  const left = corners.reduce((a, b) => b.at[0] < a.at[0] ? b : a);
  wire([left.x, left.y, floor], [left.x, left.y, h], colors.grid, 1.4);
  const foot = project(left.x, left.y, floor);
  // Seen from above the edge has no length, and its numbers would lie on each other.
  if (foot[1] - left.at[1] < 40) return;
  let longest = 0;
  let lower = Infinity;
  for (const { at: t, text } of axes[2].ticks) {
    const [x, y] = project(left.x, left.y, t);
    if (lower - y < 13) continue;
    lower = y;
    pen.text(x - 7, y, text, { color: colors.quiet, anchor: "end" });
    longest = Math.max(longest, text.length);
  }
  const style = { color: colors.ink, anchor: "middle", angle: -90 };
  const beside = Math.max(9, left.at[0] - 7 - 6.6 * longest - 14);
  pen.text(beside, (foot[1] + left.at[1]) / 2, axes[2].label, style);
}

/** A scene as SVG, from where it is seen at first. */
export function drawScene(
  scene: Scene,
  { width, height }: { width: number; height: number },
): FigureElement {
  const g = element("g", { "stroke-linejoin": "round", "stroke-linecap": "round", fill: "none" });
  paintScene(svgPen(g), scene, { yaw: scene.yaw, pitch: scene.pitch, width, height });
  return g;
}

function svgPen(g: FigureElement): Pen {
  const path = (points: number[]) => {
    let d = "M";
    points.forEach((value, i) => d += `${i ? i % 2 ? "," : "L" : ""}${value.toFixed(1)}`);
    return d;
  };
  const part = (opacity: number) => opacity === 1 ? undefined : opacity;
  return {
    fill(points, color, opacity) {
      g.append(
        element("path", { d: `${path(points)}Z`, fill: color, "fill-opacity": part(opacity) }),
      );
    },
    line(points, color, width, opacity, dash) {
      g.append(element("path", {
        d: path(points),
        stroke: color,
        "stroke-width": width,
        "stroke-opacity": part(opacity),
        "stroke-dasharray": dash,
      }));
    },
    dot(x, y, radius, color, edge, edgeWidth) {
      const circle = {
        cx: x,
        cy: y,
        r: radius,
        fill: color,
        stroke: edge,
        "stroke-width": edgeWidth,
      };
      g.append(element("circle", circle));
    },
    text(x, y, text, { color, anchor, angle, halo, bold }) {
      const turn = angle
        ? `rotate(${angle.toFixed(2)} ${x.toFixed(2)} ${y.toFixed(2)})`
        : undefined;
      g.append(element("text", {
        x,
        y,
        dy: "0.32em",
        fill: color,
        "text-anchor": anchor,
        transform: turn,
        "font-weight": bold ? 600 : undefined,
        ...(halo && { stroke: halo, "stroke-width": 3.5, "paint-order": "stroke" }),
      }, text));
    },
  };
}
