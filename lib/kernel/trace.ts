/** The folder of this project's code, whose frames are not the user's. */
const ours = new URL("../", import.meta.url).href;

/** How many frames are shown. */
const shown = 8;

/**
 * The traceback of an error as a person wants it: what happened, and the frames that are theirs. The kernel's
 * own, the runtime's and those of this project are left out; of a deep recursion the first few are kept, and
 * how many more there were.
 */
export function shortTrace(name: string, message: string, traceback: string[]): string[] {
  const title = message ? `${name}: ${message}` : name;
  const isFrame = (line: string) => /^\s+at .*(:\d+:\d+|<anonymous>|native)\)?$/.test(line);
  const first = traceback.findIndex(isFrame);
  if (first < 0) return title.split("\n");
  const lines = traceback.slice(first).filter((line) =>
    !isFrame(line) || !/\b(ext|node|data):\S*|\(native\)$/.test(line) && !line.includes(ours)
  );
  const frames = lines.filter(isFrame);
  const cut = frames.length > shown + 1;
  let kept = 0;
  const rest = lines.filter((line) => !isFrame(line) || ++kept <= shown || !cut);
  return [
    ...title.split("\n"),
    ...rest,
    ...(cut ? [`    … and ${frames.length - shown} more`] : []),
  ];
}
