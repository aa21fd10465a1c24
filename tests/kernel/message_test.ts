import { assert, assertEquals } from "@std/assert";
import { decode, encode, request } from "../../lib/kernel/message.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("a message comes back as it was sent, with or without identities before it", () => {
  const message = request("execute_request", { code: "π ≈ 3" }, "session", { msg_id: "parent" });
  const frames = encode(message, "key");
  assertEquals(decode(frames, "key"), message);
  assertEquals(decode([bytes("identity"), ...frames], "key"), message);
});

Deno.test("the signature is that of the protocol: HMAC-SHA256 over the four parts", () => {
  const header = {
    msg_id: "1",
    msg_type: "t",
    session: "s",
    username: "u",
    date: "d",
    version: "5.4",
  };
  const frames = encode({ header, parent_header: {}, metadata: {}, content: {} }, "secret");
  // computed with Python: hmac.new(b"secret", b"".join(parts), "sha256").hexdigest()
  assertEquals(
    new TextDecoder().decode(frames[1]),
    "e2488cd521df6ef5f266b5c7b7d5028f0ce9711437b30f1abb015d6118d904c1",
  );
});

Deno.test("a message that is unsigned, signed with another key, altered or cut is dropped", () => {
  const frames = encode(request("execute_request", { code: "1" }, "session"), "key");
  assertEquals(decode(frames, "other key"), undefined);
  for (let i = 0; i < frames.length; i++) {
    const altered = frames.map((frame, j) => i === j ? bytes("{}") : frame);
    // an empty parent and empty metadata are what was sent
    if (i === 3 || i === 4) assert(decode(altered, "key"));
    else assertEquals(decode(altered, "key"), undefined, `frame ${i}`);
    assertEquals(decode(frames.filter((_, j) => j !== i), "key"), undefined, `without frame ${i}`);
  }
  assertEquals(decode([], "key"), undefined);
  assertEquals(decode([frames[0], bytes(""), ...frames.slice(2)], "key"), undefined);
});
