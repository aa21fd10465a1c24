let compiled: Promise<string | undefined> | undefined;

/**
 * GFLOP/s of multiply-adds that stay in the registers of a core, with all cores at it: the slowest of them, which
 * also tells whether the machine is busy with something else. Undefined without a C compiler.
 */
export async function registerPeak(cores: number): Promise<number | undefined> {
  const program = await (compiled ??= compile());
  if (!program) return undefined;
  const each = await Promise.all(Array.from({ length: cores }, async () => {
    const { stdout } = await new Deno.Command(program).output();
    return Number(new TextDecoder().decode(stdout));
  }));
  return Math.min(...each);
}

async function compile(): Promise<string | undefined> {
  const program = await Deno.makeTempFile();
  globalThis.addEventListener("unload", () => Deno.removeSync(program));
  try {
    const source = new URL("peak.c", import.meta.url).pathname;
    const { success } = await new Deno.Command("cc", {
      args: ["-O3", "-march=native", "-ffp-contract=fast", source, "-o", program],
    }).output();
    return success ? program : undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
