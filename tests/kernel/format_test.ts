import { assertEquals } from "@std/assert";
import { formatNotebook, parseNotebook } from "../../lib/kernel/format.ts";

const text = JSON.stringify({
  nbformat: 4,
  nbformat_minor: 4,
  metadata: { language_info: { name: "typescript", version: "5.9.2" } },
  cells: [
    { cell_type: "markdown", metadata: {}, source: ["# Title\n", "text"] },
    {
      cell_type: "code",
      id: "mine",
      metadata: { execution: { "iopub.status.busy": "2024-01-01T00:00:00Z" }, tags: ["a"] },
      source: "1\n\n2",
      execution_count: 7,
      outputs: [
        { output_type: "stream", name: "stdout", text: ["a\n", "b"] },
        {
          output_type: "display_data",
          metadata: {},
          data: {
            "image/svg+xml": ["<svg>\n", "</svg>"],
            "image/png": "aGk=",
            "application/json": { b: 1, a: [1] },
          },
        },
      ],
    },
    { cell_type: "code", id: "mine", metadata: {}, source: [], outputs: [], execution_count: null },
  ],
});

Deno.test("texts that are kept in lines are joined; cells without an id of their own get one by place", () => {
  const { cells } = parseNotebook(text, "a.ipynb");
  assertEquals(cells.map(({ id }) => id), ["cell-1", "mine", "cell-3"]);
  assertEquals(cells.map(({ source }) => source), ["# Title\ntext", "1\n\n2", ""]);
  assertEquals(cells[1].outputs?.[0], { output_type: "stream", name: "stdout", text: "a\nb" });
});

Deno.test("a notebook is written as Jupyter writes it, without versions and times, and reads back the same", () => {
  const notebook = parseNotebook(text, "a.ipynb");
  const written = formatNotebook(notebook);
  const json = JSON.parse(written);
  assertEquals(json.cells[1].source, ["1\n", "\n", "2"]);
  assertEquals(json.cells[1].metadata, { tags: ["a"] });
  assertEquals(json.cells[1].outputs[1].data["image/svg+xml"], ["<svg>\n", "</svg>"]);
  assertEquals(json.cells[1].outputs[1].data["application/json"], { a: [1], b: 1 });
  assertEquals(json.metadata.language_info.version, undefined);
  assertEquals(Object.keys(json.cells[1]), [
    "cell_type",
    "execution_count",
    "id",
    "metadata",
    "outputs",
    "source",
  ]);
  assertEquals(formatNotebook(parseNotebook(written, "a.ipynb")), written);
});
