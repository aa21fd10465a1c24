/** Where {@link storedFile} looks: the folder `datasets/` of this package. */
const DATASETS = new URL("../../datasets/", import.meta.url);

/**
 * The text of a data file that comes with this package, unpacked if its name ends in `.gz`: read from
 * disk, or fetched where the package itself was imported over the network.
 *
 * @param doing what is being done, for the message: `"load the digits"`
 * @param folder where to look instead
 * @throws {Error} that says which file to restore, or which permission to give.
 */
export async function storedFile(name: string, doing: string, folder = DATASETS): Promise<string> {
  const url = new URL(name, folder);
  const body = url.protocol === "file:" ? await readFile(url, doing) : await fetchFile(url, doing);
  const text = name.endsWith(".gz") ? body.pipeThrough(new DecompressionStream("gzip")) : body;
  try {
    return await new Response(text).text();
  } catch (cause) {
    throw new Error(`Cannot ${doing}: ${shown(url)} is damaged; restore it`, { cause });
  }
}

/** What is thrown where a line of a stored file is not what it should be. */
export function damaged(doing: string, name: string, line: number, expected: string): Error {
  return new Error(
    `Cannot ${doing}: line ${line} of ${shown(new URL(name, DATASETS))} must be ${expected}; ` +
      "the file is damaged: restore it, for example with git checkout",
  );
}

type Bytes = ReadableStream<Uint8Array<ArrayBuffer>>;

async function readFile(url: URL, doing: string): Promise<Bytes> {
  try {
    return new Response(await Deno.readFile(url)).body!;
  } catch (cause) {
    const advice = cause instanceof Deno.errors.NotFound
      ? `${shown(url)} is missing; restore it, for example with git checkout`
      : cause instanceof Deno.errors.NotCapable
      ? `reading ${shown(url)} is not permitted; allow it with --allow-read`
      : `${shown(url)} cannot be read (${(cause as Error).message})`;
    throw new Error(`Cannot ${doing}: ${advice}`, { cause });
  }
}

async function fetchFile(url: URL, doing: string): Promise<Bytes> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (cause) {
    const advice = cause instanceof Deno.errors.NotCapable
      ? `fetching ${url} is not permitted; allow it with --allow-net=${url.host}`
      : `${url} cannot be reached (${(cause as Error).message})`;
    throw new Error(`Cannot ${doing}: ${advice}`, { cause });
  }
  if (response.ok) return response.body!;
  await response.body?.cancel();
  throw new Error(`Cannot ${doing}: ${url} answered ${response.status} ${response.statusText}`);
}

const shown = (url: URL) => url.protocol === "file:" ? decodeURIComponent(url.pathname) : url.href;
