import { hash } from "../math/random.ts";
import { paintScene, type Pen, type Scene } from "./scene.ts";

/**
 * HTML that shows a poster, and replaces it with a canvas that rotates by mouse, touch and keyboard where
 * scripts run. It needs no network; where scripts are stripped the poster stays.
 */
export function rotatable({ poster, frame, box, width, height, label }: {
  /** The static picture, as HTML. */
  poster: string;
  /** The picture without the scene, as SVG. */
  frame: string;
  /** The scene and its place in the picture. */
  box: { scene: Scene; x: number; y: number; width: number; height: number };
  /** The size of the picture in px. */
  width: number;
  height: number;
  /** What it shows, for those who cannot see it. */
  label: string;
}): string {
  const { scene, ...place } = box;
  const compact = (_: string, value: unknown) =>
    typeof value === "number" ? Math.round(value * 1e4) / 1e4 : value;
  const data = JSON.stringify({ scene, place, width, height, label, frame }, compact);
  const id = `scene-${(hash(data) >>> 0).toString(36)}`;
  // "<" is escaped: nothing in the data can end the script; nor does it hold what is no character.
  const escaped = data.replace(
    /[<\ufffe\uffff]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  const script = `(${mount})(${paintScene},${escaped},"${id}")`;
  return `<div class="${id}" style="position:relative;max-width:${width}px">${poster}</div>` +
    `<script>${script}</script>`;
}

/** Runs in the page: nothing but its arguments and the browser is within its reach. */
function mount(
  paint: typeof paintScene,
  data: {
    scene: Scene;
    place: { x: number; y: number; width: number; height: number };
    width: number;
    height: number;
    label: string;
    frame: string;
  },
  id: string,
): void {
  // deno-lint-ignore no-explicit-any
  const page = globalThis as any;
  const { scene, place, width, height, label, frame } = data;
  for (const root of page.document.querySelectorAll(`.${id}:not([data-ready])`)) {
    const canvas = page.document.createElement("canvas");
    const pixels = Math.max(2, page.devicePixelRatio || 1);
    canvas.width = place.width * pixels;
    canvas.height = place.height * pixels;
    canvas.tabIndex = 0;
    canvas.title =
      "drag to rotate, pinch or Ctrl + wheel to zoom; arrow keys, + and − do the same; 0 resets";
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", `${label}. Arrow keys rotate.`);
    canvas.style.cssText = `position:absolute;left:${100 * place.x / width}%;top:${
      100 * place.y / height
    }%;width:${100 * place.width / width}%;cursor:grab;touch-action:none`;
    root.innerHTML = frame;
    root.appendChild(canvas);
    const context = canvas.getContext("2d");
    const font = page.getComputedStyle(root.firstElementChild).fontFamily;
    const trace = (points: number[]) => {
      context.beginPath();
      for (let i = 0; i < points.length; i += 2) context.lineTo(points[i], points[i + 1]);
    };
    const pen: Pen = {
      fill(points, color, opacity) {
        trace(points);
        context.globalAlpha = opacity;
        context.fillStyle = color;
        context.fill();
      },
      line(points, color, lineWidth, opacity, dash) {
        trace(points);
        context.globalAlpha = opacity;
        context.setLineDash(dash ? [dash, dash] : []);
        context.strokeStyle = color;
        context.lineWidth = lineWidth;
        context.stroke();
      },
      dot(x, y, radius, color, edge, edgeWidth) {
        context.beginPath();
        context.arc(x, y, radius, 0, 7);
        context.globalAlpha = 1;
        context.setLineDash([]);
        context.fillStyle = color;
        context.fill();
        context.strokeStyle = edge;
        context.lineWidth = edgeWidth;
        context.stroke();
      },
      text(x, y, text, { color, anchor, angle = 0, halo, bold }) {
        context.save();
        context.translate(x, y);
        context.rotate(angle * Math.PI / 180);
        context.font = `${bold ? 600 : 400} 12px ${font}`;
        context.textAlign = anchor === "middle" ? "center" : anchor;
        context.textBaseline = "middle";
        context.globalAlpha = 1;
        context.setLineDash([]);
        if (halo) {
          context.strokeStyle = halo;
          context.lineWidth = 3.5;
          context.strokeText(text, 0, 0);
        }
        context.fillStyle = color;
        context.fillText(text, 0, 0);
        context.restore();
      },
    };
    const first = { yaw: scene.yaw, pitch: scene.pitch, zoom: 1 };
    let view = { ...first };
    let waiting = false;
    const draw = () => {
      waiting = false;
      context.setTransform(pixels, 0, 0, pixels, 0, 0);
      context.clearRect(0, 0, place.width, place.height);
      context.lineJoin = context.lineCap = "round";
      paint(pen, scene, { ...view, width: place.width, height: place.height });
    };
    const change = (yaw: number, pitch: number, zoom = 1) => {
      view = {
        yaw: view.yaw + yaw,
        pitch: Math.max(0, Math.min(Math.PI / 2, view.pitch + pitch)),
        zoom: Math.max(0.5, Math.min(6, view.zoom * zoom)),
      };
      if (!waiting) page.requestAnimationFrame(draw);
      waiting = true;
    };
    // deno-lint-ignore no-explicit-any
    type BrowserEvent = any;
    const fingers = new Map<number, { x: number; y: number }>();
    const spread = () => {
      const [a, b] = [...fingers.values()];
      return b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
    };
    canvas.onpointerdown = (event: BrowserEvent) => {
      fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      canvas.setPointerCapture(event.pointerId);
      canvas.style.cursor = "grabbing";
    };
    canvas.onpointermove = (event: BrowserEvent) => {
      const finger = fingers.get(event.pointerId);
      if (!finger) return;
      const [dx, dy, before] = [event.clientX - finger.x, event.clientY - finger.y, spread()];
      finger.x = event.clientX;
      finger.y = event.clientY;
      if (fingers.size === 1) change(dx * 0.01, dy * 0.01);
      else if (before > 0) change(0, 0, spread() / before);
    };
    canvas.onpointerup = canvas.onpointercancel = (event: BrowserEvent) => {
      fingers.delete(event.pointerId);
      canvas.style.cursor = "grab";
    };
    canvas.addEventListener("wheel", (event: BrowserEvent) => {
      // A bare wheel scrolls the page, as everywhere else.
      if (!event.ctrlKey) return;
      event.preventDefault();
      change(0, 0, Math.exp(-event.deltaY * 0.004));
    }, { passive: false });
    canvas.onkeydown = (event: BrowserEvent) => {
      const moves: Record<string, [number, number, number]> = {
        ArrowLeft: [-0.1, 0, 1],
        ArrowRight: [0.1, 0, 1],
        ArrowUp: [0, -0.1, 1],
        ArrowDown: [0, 0.1, 1],
        "+": [0, 0, 1.1],
        "=": [0, 0, 1.1],
        "-": [0, 0, 1 / 1.1],
      };
      if (event.key === "0") view = { ...first };
      const move = event.key === "0" ? [0, 0, 1] : moves[event.key];
      if (!move || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      change(move[0], move[1], move[2]);
    };
    draw();
    root.setAttribute("data-ready", "");
  }
}
