/** The characters that a TrueType font has glyphs for, from its cmap table (format 4 or 12). */
export async function glyphsOf(url: string): Promise<Set<number>> {
  const bytes = await Deno.readFile(new URL(url));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const tables = view.getUint16(4);
  const names = Array.from({ length: tables }, (_, k) => 12 + 16 * k);
  const entry = names.find((at) => view.getUint32(at) === 0x636d6170)!;
  const cmap = view.getUint32(entry + 8);
  const known = new Set<number>();
  for (let k = 0; k < view.getUint16(cmap + 2); k++) {
    const at = cmap + view.getUint32(cmap + 8 + 8 * k);
    const format = view.getUint16(at);
    if (format === 4) {
      const segments = view.getUint16(at + 6) / 2;
      for (let s = 0; s < segments; s++) {
        const last = view.getUint16(at + 14 + 2 * s);
        const first = view.getUint16(at + 16 + 2 * segments + 2 * s);
        for (let c = first; c <= last && c < 0xffff; c++) known.add(c);
      }
    }
    if (format === 12) {
      for (let g = 0; g < view.getUint32(at + 12); g++) {
        const group = at + 16 + 12 * g;
        for (let c = view.getUint32(group); c <= view.getUint32(group + 4); c++) known.add(c);
      }
    }
  }
  return known;
}
