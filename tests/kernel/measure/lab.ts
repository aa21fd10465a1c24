import { chromium } from "npm:playwright-core@1.56.1";

type Cell = [code: string, ends: string[]];

/** A JupyterLab, and a browser that drives it. */
export interface Lab extends AsyncDisposable {
  /** Opens a notebook of some cells, runs all of them, and gives back the outputs of each. */
  runAll(kernel: string, cells: Cell[]): Promise<string[][]>;
  /**
   * Runs a cell and clicks Stop, some times over; how often the variables of the cell before were kept, and
   * the milliseconds from click to idle.
   */
  stops(kernel: string, code: string, count: number): Promise<{ kept: number; median?: number }>;
  /** A picture of the page. */
  screenshot(file: string): Promise<void>;
}

/** The part of JupyterLab's application that is used here. */
interface App {
  commands: { execute(name: string, args?: Record<string, unknown>): Promise<unknown> };
  shell: { currentWidget: Widget | null };
}

interface Widget {
  context: { isReady: boolean; model: { cells: Iterable<LabCell> } };
  content: { activeCellIndex: number; deselectAll(): void };
  sessionContext: { session: { kernel: { status: string } | null } | null };
}

interface LabCell {
  outputs?: { toJSON(): Record<string, unknown>[] };
}

/** Starts a JupyterLab in a folder; SIGINT as it is, which a background job inherits ignored. */
export async function openLab(python: string, browser: string, folder: string): Promise<Lab> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const start = "import signal, os, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); " +
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])";
  const server = new Deno.Command(python, {
    args: ["-c", start, "-m", "jupyter", "lab", "--no-browser", "--ip=127.0.0.1", `--port=${port}`]
      .concat(["--IdentityProvider.token=", "--ServerApp.password=", "--allow-root"])
      .concat([
        "--expose-app-in-browser",
        "--ServerApp.disable_check_xsrf=True",
        `--ServerApp.root_dir=${folder}`,
      ]),
    env: { JUPYTER_CONFIG_DIR: `${folder}/config`, JUPYTERLAB_SETTINGS_DIR: `${folder}/settings` },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const base = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 600; i++) {
    const answer = await fetch(`${base}/api`).catch(() => undefined);
    await answer?.body?.cancel();
    if (answer?.ok) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const chrome = await chromium.launch({
    executablePath: browser,
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
  const page = await (await chrome.newContext({ viewport: { width: 1200, height: 800 } }))
    .newPage();

  async function open(kernel: string, codes: string[]): Promise<void> {
    for (const { id } of await (await fetch(`${base}/api/sessions`)).json()) {
      await (await fetch(`${base}/api/sessions/${id}`, { method: "DELETE" })).body?.cancel();
    }
    const name = `${kernel}-${crypto.randomUUID().slice(0, 8)}.ipynb`;
    const cells = codes.map((source, i) => ({
      cell_type: "code",
      id: `c${i}`,
      metadata: {},
      execution_count: null,
      outputs: [],
      source,
    }));
    const metadata = { kernelspec: { name: kernel, display_name: kernel, language: "typescript" } };
    const notebook = { cells, metadata, nbformat: 4, nbformat_minor: 5 };
    await Deno.writeTextFile(`${folder}/${name}`, JSON.stringify(notebook));
    await page.goto(`${base}/lab/tree/${name}?reset`, { waitUntil: "domcontentloaded" });
    await idle(120_000);
  }

  /** Resolves when the kernel of the notebook is idle. */
  function idle(timeout: number) {
    return page.waitForFunction(
      () => {
        const { jupyterapp: app } = globalThis as unknown as { jupyterapp?: App };
        const widget = app?.shell.currentWidget;
        return widget?.context?.isReady &&
          widget.sessionContext?.session?.kernel?.status === "idle";
      },
      null,
      { timeout, polling: 20 },
    );
  }

  const command = (name: string) =>
    page.evaluate((name: string) => {
      const { jupyterapp: app } = globalThis as unknown as { jupyterapp: App };
      app.commands.execute(name);
    }, name);

  const select = (index: number) =>
    page.evaluate((index: number) => {
      const { content } = (globalThis as unknown as { jupyterapp: App }).jupyterapp.shell
        .currentWidget!;
      content.activeCellIndex = index;
      content.deselectAll();
    }, index);

  async function outputs(): Promise<string[][]> {
    const all = await page.evaluate(() => {
      const { model } =
        (globalThis as unknown as { jupyterapp: App }).jupyterapp.shell.currentWidget!.context;
      // only the ends: they tell the outputs apart
      const texts = (output: Record<string, unknown>) => {
        const text = output.text ?? (output.data as Record<string, unknown>)?.["text/plain"] ??
          output.evalue ?? "";
        return (Array.isArray(text) ? text.join("") : String(text)).slice(-60);
      };
      return [...model.cells].map((cell) => (cell.outputs?.toJSON() ?? []).map(texts));
    });
    // deno-lint-ignore no-control-regex
    return all.map((texts) => texts.map((text) => text.replace(/\x1b\[\d+m/g, "")));
  }

  return {
    async runAll(kernel, cells) {
      await open(kernel, cells.map(([code]) => code));
      await page.evaluate(() => {
        const app = (globalThis as unknown as { jupyterapp: App }).jupyterapp;
        const done = (how: unknown) => Object.assign(globalThis, { ranAll: String(how) });
        app.commands.execute("notebook:run-all-cells").then(done, done);
      });
      await page.waitForFunction(() => "ranAll" in globalThis, null, {
        timeout: 600_000,
        polling: 100,
      });
      await new Promise((resolve) => setTimeout(resolve, 2000));
      return await outputs();
    },
    async stops(kernel, code, count) {
      const times: number[] = [];
      let kept = 0, number = 0, fresh = true;
      for (let i = 0; i < count; i++) {
        if (fresh) {
          await open(kernel, ["globalThis.n ??= 0; let own = ++n; own", code, "n"]);
          number = 0;
          fresh = false;
        }
        number++;
        const first = number === 1 ? 0 : 2;
        await select(first);
        await command("notebook:run-cell");
        await new Promise((resolve) => setTimeout(resolve, 200));
        await select(1);
        await command("notebook:run-cell");
        await new Promise((resolve) => setTimeout(resolve, 800));
        const began = performance.now();
        await command("notebook:interrupt-kernel");
        const ended = await idle(8000).then(() => true, () => false);
        const took = performance.now() - began;
        await page.evaluate(() => {});
        await select(2);
        await command("notebook:run-cell");
        await new Promise((resolve) => setTimeout(resolve, 400));
        const [, , [state] = []] = await outputs();
        if (ended && state === "1") {
          kept++;
          times.push(took);
        } else fresh = true;
      }
      return { kept, median: times.sort((a, b) => a - b)[times.length >> 1] };
    },
    screenshot: async (file) => void await page.screenshot({ path: file }),
    async [Symbol.asyncDispose]() {
      await chrome.close();
      server.kill("SIGTERM");
      await server.status;
    },
  };
}
