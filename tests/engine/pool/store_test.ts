import { assertEquals } from "@std/assert";
import { store } from "../../../lib/engine/pool/store.ts";

Deno.test("room is made by dropping whole groups, the one that was used longest ago first", () => {
  const dropped: string[] = [], kept = store<string>((value) => dropped.push(value));
  const room = { bytes: 4, budget: 12, inUse: [] };
  for (const name of ["a", "b", "c"]) kept.put(name, "1", name, room);
  kept.get("a", "1");
  assertEquals(kept.put("d", "1", "d", room), true);
  assertEquals(dropped, ["b"]);
  assertEquals([kept.count, kept.bytes], [3, 12]);
});

Deno.test("what is in use is not dropped, and what there is no room for is not kept", () => {
  const dropped: string[] = [], kept = store<string>((value) => dropped.push(value));
  const room = { bytes: 4, budget: 12, inUse: ["data", "own"] };
  kept.put("data", "1", "data", room);
  kept.put("own", "1", "first", room);
  kept.put("own", "2", "second", room);
  assertEquals(kept.put("own", "3", "third", room), false);
  assertEquals(dropped, []);
  assertEquals(kept.get("own", "3"), undefined);
  kept.drop((group) => group === "own");
  assertEquals(dropped, ["first", "second"]);
  assertEquals(kept.bytes, 4);
});
