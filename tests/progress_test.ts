import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  duration,
  expectedSeconds,
  partOf,
  type ProgressState,
  steps,
  together,
  unlessStopped,
} from "../lib/progress.ts";

Deno.test("an analysis reports every step, and its end once", async () => {
  const seen: ProgressState[] = [], ends: ProgressState[] = [];
  const progress = {
    report: (s: ProgressState) => void seen.push(s),
    end: (s: ProgressState) => void ends.push(s),
  };
  const result = await steps(
    { progress },
    { label: "test", total: 3, unit: "points" },
    async (job) => {
      for (let i = 0; i < 3; i++) {
        await job.breathe();
        job.advance();
      }
      return "done";
    },
  );
  assertEquals(result, "done");
  assertEquals(seen.map((s) => s.done), [1, 2, 3]);
  assertEquals(ends.map((s) => [s.done, s.total, s.unit]), [[3, 3, "points"]]);
});

Deno.test("timers run and an abort is seen while an analysis computes", async () => {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), 20);
  let turns = 0;
  await steps(
    { signal: stop.signal, progress: false },
    { label: "test", total: 1e9 },
    async (job) => {
      while (!job.stopped) {
        const until = performance.now() + 2;
        while (performance.now() < until);
        turns++;
        await job.breathe();
      }
    },
  );
  clearTimeout(timer);
  assert(turns > 1);
});

Deno.test("the end is reported when an analysis fails", async () => {
  let ended = false;
  const progress = { report() {}, end: () => void (ended = true) };
  const failure = await steps(
    { progress },
    { label: "test", total: 1 },
    () => Promise.reject(new Error("no")),
  )
    .catch((e: Error) => e.message);
  assertEquals([failure, ended], ["no", true]);
});

Deno.test("what comes before the first step is counted once where the time of an analysis is foreseen", () => {
  const at = (done: number, seconds: number): ProgressState => ({
    label: "landscape",
    unit: "points",
    done,
    total: 1001,
    seconds,
    stopped: false,
  });
  assertEquals(expectedSeconds(at(1, 1), at(501, 1.5)), 2);
});

Deno.test("times are said in words", () => {
  assertEquals([0, 4.24, 41.6, 240].map(duration), ["0.1 s", "4.2 s", "42 s", "4 min"]);
});

Deno.test("what is no signal or no progress is said", async () => {
  const run = (control: object) =>
    steps(control, { label: "test", total: 1 }, () => Promise.resolve());
  await assertRejects(() => run({ signal: {} }), TypeError, "signal must be an AbortSignal");
  await assertRejects(() => run({ progress: "yes" }), TypeError, "got string");
  await assertRejects(() => run({ progress: {} }), TypeError, "{ report, end? }");
});

Deno.test("analyses at once share the line of a terminal", () => {
  const training = { label: "training", unit: "steps", done: 10, total: 40, seconds: 1 };
  const states = [
    { ...training, stopped: false },
    { ...training, done: 20, seconds: 3, stopped: true },
  ];
  assertEquals(together(states.slice(0, 1)), states[0]);
  assertEquals(together(states), {
    label: "2 × training",
    unit: "steps",
    done: 30,
    total: 80,
    seconds: 3,
    stopped: false,
  });
  const other = { ...states[0], label: "landscape", unit: "points" };
  const { label, unit } = together([...states, other]);
  assertEquals([label, unit], ["training, landscape", "parts"]);
});

Deno.test("what is stopped is not waited for, and what it says later is heard by nobody", async () => {
  const stop = new AbortController();
  const never = new Promise<number>(() => {});
  const waiting = assertRejects(() => unlessStopped(never, stop.signal), DOMException, "aborted");
  stop.abort();
  await waiting;
  const failing = Promise.reject(new Error("too late"));
  await assertRejects(() => unlessStopped(failing, stop.signal), DOMException, "aborted");
  assertEquals(await unlessStopped(Promise.resolve(3), new AbortController().signal), 3);
});

Deno.test("an analysis inside of another moves its bar, and counts as its steps once it has ended", async () => {
  const inner = (outer: Parameters<typeof partOf>[0], steps_: number) =>
    steps({ progress: partOf(outer, 2) }, { label: "inner", total: 4 }, (job) => {
      for (let i = 0; i < steps_; i++) job.advance();
      return Promise.resolve();
    });
  const seen: number[] = [];
  const progress = { report: ({ done }: ProgressState) => void seen.push(done) };
  await steps({ progress }, { label: "outer", total: 5 }, async (job) => {
    await inner(job, 4); // as many as were said
    await inner(job, 1); // fewer
    job.advance();
  });
  assertEquals(seen, [0.5, 1, 1.5, 2, 2.5, 4, 5]);
});
