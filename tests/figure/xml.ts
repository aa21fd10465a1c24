import { assert, assertEquals } from "@std/assert";

/** Checks that a text is well-formed XML of one element, and gives back the texts in it. */
export function checkXML(xml: string, name: string): string[] {
  const open: string[] = [];
  const texts: string[] = [];
  let roots = 0;
  let at = 0;
  const entity = /&(?!(amp|lt|gt|quot|apos|#\d+|#x[\da-f]+);)/i;
  const tag = /<(\/?)([A-Za-z][\w:-]*)((?:\s+[\w:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>/y;
  while (at < xml.length) {
    if (xml[at] !== "<") {
      const end = xml.indexOf("<", at);
      const text = xml.slice(at, end < 0 ? undefined : end);
      assert(open.length > 0 || text.trim() === "", `${name}: text outside of the root`);
      assert(!entity.test(text) && !text.includes(">"), `${name}: "${text}" is not escaped`);
      if (text.trim() !== "") texts.push(text.replace(/&amp;/g, "&").replace(/&lt;/g, "<"));
      at += text.length;
      continue;
    }
    tag.lastIndex = at;
    const found = tag.exec(xml);
    assert(found, `${name}: no tag at ${xml.slice(at, at + 80)}`);
    const [whole, closing, element, attributes, empty] = found;
    const names = [...attributes.matchAll(/([\w:-]+)\s*=\s*("[^"]*"|'[^']*')/g)];
    assertEquals(new Set(names.map(([, key]) => key)).size, names.length, `${name}: ${whole}`);
    for (const [, , value] of names) {
      assert(!entity.test(value), `${name}: ${value} is not escaped`);
    }
    if (closing) assertEquals(open.pop(), element, `${name}: </${element}> closes another`);
    else if (open.length === 0) assertEquals(++roots, 1, `${name}: a second root`);
    if (!closing && !empty) open.push(element);
    at += whole.length;
  }
  assertEquals(open, [], `${name}: left open`);
  assertEquals(roots, 1, `${name}: no root`);
  return texts;
}
