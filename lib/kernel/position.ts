import type { Kernel } from "./client.ts";

/**
 * The line of a cell, from 1, in which an error was raised; undefined if that cannot be told. The kernel
 * counts the lines of the JavaScript that it makes of the cell (no types, no blank lines, one property a
 * line), so it is asked for that JavaScript, whose words are then found again in the cell.
 */
export async function errorLine(
  kernel: Kernel,
  code: string,
  { name, traceback }: { name: string; traceback: string[] },
): Promise<number | undefined> {
  // Functions of other cells are anonymous too: only the frame of the top level, the last, is this cell's.
  const frame = traceback.join("\n").match(
    /\n +at (?:async )?<anonymous>:(\d+):(\d+)(?![^]*<anonymous>:)/,
  );
  if (!frame) return undefined;
  if (name === "SyntaxError") return Number(frame[1]);
  const { outputs: [output] } = await kernel.execute(
    `console.log((async () => {\n${withoutImports(code)}\n}).toString())`,
    { timeout: 10 },
  );
  if (output?.output_type !== "stream") return undefined;
  const emitted = output.text.trimEnd().split("\n").slice(1, -1);
  const dropped = leadingComments(code) - leadingComments(emitted.join("\n"));
  const line = Number(frame[1]) - dropped;
  // The kernel begins the first line with "(async () => { ", or the like; the function indents by two.
  const column = Number(frame[2]) + (Number(frame[1]) === 1 ? -19 : 2);
  return lineOf(code, emitted, line, column);
}

/** Static imports as the kernel writes them; inside a function they would not parse. */
function withoutImports(code: string): string {
  const from = (names: string) =>
    new RegExp(`^import\\s+${names}\\s*from\\s*(".*?"|'.*?');?`, "gm");
  return code
    .replace(/^import\s+type\s[^;]*?from\s*(".*?"|'.*?');?/gm, "")
    .replace(/^export\s+(?=const|let|function|class|async|interface|type|enum)/gm, "")
    .replace(from("([\\w$]+)"), "const { default: $1 } = await import($2);")
    .replace(from("\\*\\s*as\\s+([\\w$]+)"), "const $1 = await import($2);")
    .replace(
      from("(\\{[^}]*\\})"),
      (_, names, url) => `const ${names.replace(/\s+as\s+/g, ": ")} = await import(${url});`,
    )
    .replace(/^import\s+(".*?"|'.*?');?/gm, "await import($1);");
}

/** How many lines the comments take that code begins with. */
function leadingComments(code: string): number {
  const [comments] = code.match(/^(?:\s*(?:\/\/.*(?:\n|$)|\/\*[^]*?\*\/))*/)!;
  return comments.split("\n").filter((line) => line.trim() !== "").length -
    (/\*\/\s*$/.test(comments) ? 1 : 0);
}

/**
 * The line of `source` that holds what is at a line and column of `emitted`, by the longest common sequence
 * of their words.
 */
function lineOf(
  source: string,
  emitted: string[],
  line: number,
  column: number,
): number | undefined {
  const a = words(source), b = words(emitted.join("\n"));
  if (a.length * b.length > 4e6) return undefined;
  const width = b.length + 1;
  const length = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i * width + j] = a[i].word === b[j].word
        ? length[(i + 1) * width + j + 1] + 1
        : Math.max(length[(i + 1) * width + j], length[i * width + j + 1]);
    }
  }
  let found: number | undefined;
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i].word === b[j].word) {
      const { line: at, column: from } = b[j];
      if (at === line && (found === undefined || from <= column)) found = a[i].line;
      i++, j++;
    } else if (length[(i + 1) * width + j] >= length[i * width + j + 1]) i++;
    else j++;
  }
  return found;
}

/** The words and signs of code with their lines; without comments, and without what emitting changes. */
function words(code: string): { word: string; line: number; column: number }[] {
  const blanked = code.replace(
    /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|`(?:[^`\\]|\\.)*`|\/\/.*|\/\*[^]*?\*\//g,
    (part) => /^\/[/*]/.test(part) ? part.replace(/[^\n]/g, " ") : part,
  );
  return blanked.split("\n").flatMap((text, i) =>
    [...text.matchAll(/[\w$]+|[^\s\w$;,()"']/g)].map(({ 0: word, index }) => ({
      word,
      line: i + 1,
      column: index + 1,
    }))
  );
}
