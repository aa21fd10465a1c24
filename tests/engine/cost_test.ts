import { assertEquals } from "@std/assert";
import { partsOf } from "../../lib/engine/cost.ts";
import type { Program } from "../../lib/engine/program.ts";

/** A program of a network with so many parameters, and so many operations a sample. */
const network = (parameters: number, perSample: number): Pick<Program, "flops" | "inputs"> => ({
  flops: { fixed: [0, 0, 0], perSample: [0, perSample / 2, perSample] },
  inputs: [
    { name: "data/x", dtype: "float32", shape: ["batch", 10], level: 0 },
    { name: "theta", dtype: "float32", shape: [parameters], level: 1 },
  ],
});

Deno.test("a single item is cut where that saves more than the parts cost", () => {
  assertEquals(partsOf(network(100, 1e3), 1000), 1, "a millisecond's work is not worth a message");
  assertEquals(partsOf(network(1e4, 1e5), 1000), 2);
  assertEquals(partsOf(network(1e4, 1e6), 1000), 8);
  assertEquals(partsOf(network(4e5, 1.6e6), 1000), 2, "the sum of large vectors costs as well");
  assertEquals(partsOf(network(4e5, 1e9), 1000), 16, "there are never more than sixteen");
  assertEquals(partsOf(network(4e5, 1e12), 3), 3, "nor more than samples");
});
