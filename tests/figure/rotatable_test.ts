import { assert, assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import { parseHTML } from "npm:linkedom@0.18.9";
import { axis, bowl, sampled, spiral } from "./gallery.ts";

const surface = sampled([axis(-2, 2, 7), axis(-1, 1, 5)], bowl);
const html = surface.html({ view: "surface", overlay: [spiral()], theme: "light" });

/** A page without a screen, in which the script of a figure runs. */
function opened() {
  // deno-lint-ignore no-explicit-any
  const { document } = parseHTML(html) as any;
  const calls: [string, ...unknown[]][] = [];
  const context = new Proxy({}, {
    get: (_, name: string) => (...args: unknown[]) => calls.push([name, ...args]),
    set: () => true,
  });
  const create = document.createElement.bind(document);
  document.createElement = (name: string) => {
    const node = create(name);
    if (name === "canvas") node.getContext = () => context;
    return node;
  };
  const frames: (() => void)[] = [];
  const page = {
    document,
    devicePixelRatio: 1,
    getComputedStyle: () => ({ fontFamily: "sans-serif" }),
    requestAnimationFrame: (draw: () => void) => frames.push(draw),
  };
  const before = document.querySelector("main").innerHTML as string;
  new Function("globalThis", document.querySelector("script").textContent)(page);
  const canvas = document.querySelector("canvas");
  const polygons = () => {
    const moves = calls.filter(([name]) => name === "lineTo").map(([, x, y]) => `${x},${y}`);
    calls.length = 0;
    return moves;
  };
  const next = () => frames.splice(0).forEach((draw) => draw());
  return { before, document, canvas, polygons, next };
}

Deno.test("the static picture stands in the page before the script runs", () => {
  const { before } = opened();
  const faces = before.slice(0, before.indexOf("<script")).match(/<path /g)!.length;
  assertGreater(faces, 6 * 4);
});

Deno.test("the script draws every face on a canvas and leaves title and subtitle", () => {
  const { document, canvas, polygons } = opened();
  assert(canvas, "no canvas");
  assertGreater(polygons().length, 4 * 6 * 4);
  assertEquals(document.querySelectorAll("canvas").length, 1);
  assert(document.querySelector("main").textContent.includes("The path of training"));
});

Deno.test("keys, a drag and a pinch change the picture, and 0 brings the first one back", () => {
  const { canvas, polygons, next } = opened();
  const first = polygons();
  const after = (act: () => void) => {
    act();
    next();
    return polygons();
  };
  const key = (name: string) => () => canvas.onkeydown({ key: name, preventDefault() {} });
  const turned = after(key("ArrowLeft"));
  assertEquals(turned.length, first.length);
  assertNotEquals(turned, first);
  assertEquals(after(key("0")), first);
  assertNotEquals(after(key("+")), first);
  assertEquals(after(key("0")), first);

  canvas.setPointerCapture = () => {};
  const event = (pointerId: number, clientX: number, clientY: number) => ({
    pointerId,
    clientX,
    clientY,
  });
  canvas.onpointerdown(event(1, 100, 100));
  assertNotEquals(after(() => canvas.onpointermove(event(1, 140, 100))), first);
  after(key("0"));
  canvas.onpointerdown(event(2, 200, 100));
  assertNotEquals(after(() => canvas.onpointermove(event(2, 260, 100))), first);
});

Deno.test("a key that means nothing here is left to the page", () => {
  const { canvas } = opened();
  let prevented = false;
  canvas.onkeydown({ key: "Tab", preventDefault: () => prevented = true });
  assert(!prevented);
});
