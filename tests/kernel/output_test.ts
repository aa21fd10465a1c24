import { assertEquals } from "@std/assert";
import { request } from "../../lib/kernel/message.ts";
import { outputs } from "../../lib/kernel/output.ts";

/** The outputs of a cell that publishes these messages. */
function collect(...messages: [string, Record<string, unknown>][]) {
  const collected = outputs();
  const cell = collected.begin();
  for (const [type, content] of messages) collected.receive(request(type, content, "kernel"));
  return cell;
}

const stream = (text: string, name = "stdout"): [string, Record<string, unknown>] => [
  "stream",
  { name, text },
];
const display = (
  text: string,
  id?: string,
  type = "display_data",
): [string, Record<string, unknown>] => [
  type,
  { data: { "text/plain": text }, metadata: {}, transient: id ? { display_id: id } : {} },
];

Deno.test("neighbouring texts of one stream become one output", () => {
  assertEquals(collect(stream("a"), stream("b"), stream("c", "stderr"), stream("d")), [
    { output_type: "stream", name: "stdout", text: "ab" },
    { output_type: "stream", name: "stderr", text: "c" },
    { output_type: "stream", name: "stdout", text: "d" },
  ]);
});

Deno.test("an updated display changes in place, wherever it is shown", () => {
  const collected = outputs();
  const first = collected.begin();
  collected.receive(request(...display("0%", "bar"), "kernel"));
  const second = collected.begin();
  collected.receive(request(...display("0%", "bar"), "kernel"));
  collected.receive(request(...display("100%", "bar", "update_display_data"), "kernel"));
  collected.receive(request(...display("?", "unknown", "update_display_data"), "kernel"));
  const shown = {
    output_type: "display_data" as const,
    data: { "text/plain": "100%" },
    metadata: {},
  };
  assertEquals(first, [shown]);
  assertEquals(second, [shown]);
});

Deno.test("clear_output clears at once, or when the next output comes", () => {
  assertEquals(collect(stream("a"), ["clear_output", { wait: false }]), []);
  assertEquals(collect(stream("a"), ["clear_output", { wait: true }]).length, 1);
  assertEquals(collect(stream("a"), ["clear_output", { wait: true }], stream("b")), [
    { output_type: "stream", name: "stdout", text: "b" },
  ]);
});

Deno.test("what is no output is left to others", () => {
  const collected = outputs();
  const cell = collected.begin();
  assertEquals(collected.receive(request("status", { execution_state: "idle" }, "kernel")), false);
  assertEquals(collected.receive(request("comm_msg", {}, "kernel")), false);
  assertEquals(cell, []);
});
