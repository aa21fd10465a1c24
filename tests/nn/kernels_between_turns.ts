import { setImmediate } from "node:timers";
import { tf } from "../../mod.ts";

/** The most kernels of tfjs that `f` runs between two turns of the event loop. */
export async function kernelsBetweenTurns(f: () => Promise<unknown>): Promise<number> {
  const engine = tf.engine() as unknown as { runKernelFunc?(call: unknown): unknown };
  const own = engine.runKernelFunc!;
  let sinceTurn = 0, longest = 0, running = true;
  engine.runKernelFunc = (call) => {
    longest = Math.max(longest, ++sinceTurn);
    return own.call(engine, call);
  };
  const turn = () => {
    sinceTurn = 0;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  try {
    await f();
  } finally {
    running = false;
    // the prototype's is there again
    delete engine.runKernelFunc;
  }
  return longest;
}
