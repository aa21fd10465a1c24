import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { differences } from "../../lib/kernel/compare.ts";
import type { Output } from "../../lib/kernel/output.ts";

const stream = (text: string): Output => ({ output_type: "stream", name: "stdout", text });
const shown = (data: Record<string, unknown>): Output => ({
  output_type: "display_data",
  data,
  metadata: {},
});
const png = (width: number, height: number) => {
  const bytes = Buffer.alloc(33);
  bytes.write("\x89PNG\r\n\x1a\n", "latin1");
  bytes.writeUInt32BE(width, 16);
  bytes.writeUInt32BE(height, 20);
  return bytes.toString("base64");
};

/** What differs between two single outputs, as messages. */
const between = (a: Output, b: Output, tolerance = 1e-3) =>
  differences([a], [b], { tolerance }).map(({ line, message }) =>
    line ? `${line}: ${message}` : message
  );

Deno.test("texts: numbers within the tolerance, times and spaces may differ, nothing else", () => {
  const same: [string, string][] = [
    ["loss 0.5", "loss 0.5004"],
    ["loss −1.5e-3", "loss −1.5001e-3"],
    ["done in 3.2 s", "done in 87 ms"],
    ["a   1.0", "a 1.0"],
    ["x\n", "x"],
    ["1,797 images", "1,797 images"],
  ];
  for (const [a, b] of same) assertEquals(between(stream(a), stream(b)), [], a);
  assertEquals(between(stream("a\nloss 0.5"), stream("a\nloss 0.51")), [
    `2: 0.5 became 0.51 in "loss 0.5"`,
  ]);
  assertEquals(between(stream("x -1"), stream("x 1")), [`1: -1 became 1 in "x -1"`]);
  assertEquals(between(stream("1 of 2"), stream("1 and 2")), [`1: "1 of 2" became "1 and 2"`]);
  assertEquals(between(stream("NaN"), stream("1")), [`1: "NaN" became "1"`]);
  assertEquals(between(stream("a\nb"), stream("a")), ["2 lines became 1"]);
  assertEquals(between(stream("0"), stream("1e-9")), [`1: 0 became 1e-9 in "0"`]);
});

Deno.test("figures: the same types and the same elements, whatever their coordinates", () => {
  const svg = (body: string) =>
    shown({ "image/svg+xml": `<svg>${body}</svg>`, "image/png": png(4, 3) });
  assertEquals(between(svg('<path d="M0"/>'), svg('<path d="M1"/>')), []);
  assertEquals(between(svg("<path/>"), svg("<path/><text>a</text>")), [
    "image/svg+xml: 0 <text> became 1",
  ]);
  assertEquals(between(svg(""), shown({ "image/svg+xml": "<svg></svg>" })), [
    "image/png, image/svg+xml became image/svg+xml",
  ]);
  const html = (body: string) => shown({ "text/html": body });
  assertEquals(
    between(
      html("<canvas></canvas><script>a=1</script>"),
      html("<canvas></canvas><script>a='<p>'</script>"),
    ),
    [],
  );
  assertEquals(between(html("<td>0.5</td>"), html("<td>0.7</td>")).length, 1);
});

Deno.test("pictures: there, and of the same size", () => {
  const picture = (data: string) => shown({ "image/png": data });
  assertEquals(between(picture(png(640, 480)), picture(png(640, 480))), []);
  assertEquals(between(picture(png(640, 480)), picture(png(640, 400))), [
    "image/png: 640 × 480 pixels became 640 × 400 pixels",
  ]);
  assertEquals(between(picture(png(1, 1)), picture("")), [
    "image/png: 1 × 1 pixels became an empty picture",
  ]);
});

Deno.test("outputs: their number, their kinds and what errors say", () => {
  assertEquals(differences([], [stream("a")]), [{ message: "0 outputs committed, 1 now" }]);
  assertEquals(between(stream("a"), { output_type: "stream", name: "stderr", text: "a" }), [
    "stdout became stderr",
  ]);
  const error = (evalue: string): Output => ({
    output_type: "error",
    ename: "RangeError",
    evalue,
    traceback: ["x"],
  });
  assertEquals(between(error("got 1"), error("got 1")), []);
  assertEquals(between(error("got 1"), error("got 2")).length, 1);
  assertEquals(
    between(shown({ "application/json": { a: 1 } }), shown({ "application/json": { a: 2 } }))
      .length,
    1,
  );
});
