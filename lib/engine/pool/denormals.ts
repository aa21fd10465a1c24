/** Where an operating system keeps how a thread's floats are rounded, and what makes denormal numbers 0. */
interface Environment {
  library: string;
  /** The byte of the word in `fenv_t`. */
  at: number;
  /** Its bits. */
  bits: number;
}

/** MXCSR: flush to zero, and denormals are zero. FPCR: flush to zero. */
const MXCSR = 0x8040, FPCR = 1 << 24;

const environments: Record<string, Environment> = {
  "linux x86_64": { library: "libm.so.6", at: 28, bits: MXCSR },
  "linux aarch64": { library: "libm.so.6", at: 0, bits: FPCR },
  "darwin x86_64": { library: "/usr/lib/libSystem.dylib", at: 4, bits: MXCSR },
  "darwin aarch64": { library: "/usr/lib/libSystem.dylib", at: 8, bits: FPCR },
};

/** Windows' own words for it: the new control bits, and which of them count. */
const FLUSH = 0x01000000, WHICH = 0x03000000;

/**
 * Makes denormal numbers 0 in this thread. The runtime has an option for that, which reaches its own threads and
 * the thread that makes the first session of the process, and no other: a run in a second worker would be up to 75
 * times slower where activations vanish, and give other last digits than the first.
 */
export function flushDenormals(): void {
  const { os, arch } = Deno.build;
  // nobody is to be asked for it
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") return;
  try {
    if (os === "windows") {
      const { symbols } = Deno.dlopen("ucrtbase.dll", {
        _controlfp_s: { parameters: ["buffer", "u32", "u32"], result: "i32" },
      });
      symbols._controlfp_s(new Uint32Array(1), FLUSH, WHICH);
      return;
    }
    const environment = environments[`${os} ${arch}`];
    if (!environment) return;
    const { symbols } = Deno.dlopen(environment.library, {
      fegetenv: { parameters: ["buffer"], result: "i32" },
      fesetenv: { parameters: ["buffer"], result: "i32" },
    });
    const { at, bits } = environment, state = new Uint8Array(64), view = new DataView(state.buffer);
    symbols.fegetenv(state);
    view.setUint32(at, view.getUint32(at, true) | bits, true);
    symbols.fesetenv(state);
  } catch {
    // then it is slow there, and right
  }
}
