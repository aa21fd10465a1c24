import { parentPort } from "node:worker_threads";
import { memory } from "./bind.ts";
import { flushDenormals } from "./denormals.ts";
import { evaluateTask } from "./evaluate_task.ts";
import type { Answer, Reply, Request } from "./messages.ts";
import { buffersOf } from "./pack.ts";
import { sessionCount } from "./session.ts";
import { trainings } from "./steps_task.ts";
import { NativeUnavailable } from "./unavailable.ts";

flushDenormals();

// The far end of the pool: tasks one after the other, everything else at once, between two native runs.
const port = parentPort!;
const asked = new Map<number, (answer: Answer | undefined) => void>();
const cancelled = new Set<number>();
let questions = 0;

const send = (reply: Reply, transfer: ArrayBuffer[] = []) => port.postMessage(reply, transfer);

/** What the pool answers when the job is over while a question is under way. */
class Cancelled extends Error {}

const known = memory((job, need) =>
  new Promise((resolve, reject) => {
    const id = questions++;
    asked.set(id, (answer) => answer ? resolve(answer) : reject(new Cancelled()));
    send({ kind: "need", id, job, need });
  })
);
const stepsTask = trainings();
// tfjs comes with it, so it is loaded for the first recording
let recorder: typeof import("./record_task.ts") | undefined;

async function perform({ id, header, task }: Extract<Request, { kind: "task" }>): Promise<void> {
  try {
    const stop = () => cancelled.has(header.job);
    if (stop()) throw new Cancelled();
    const result = task.kind === "record"
      ? await (recorder ??= await import("./record_task.ts")).recordTask(task)
      : task.kind === "evaluate"
      ? await evaluateTask(task, header, await known.binding(header), stop)
      : await stepsTask(task, header, await known.binding(header), stop);
    if (!result) throw new Cancelled();
    const { values, losses, program } = result;
    const models = program?.stages.map(({ model }) => model) ?? [];
    send(
      { kind: "done", id, result },
      [...buffersOf(values), ...losses ? [losses] : [], ...models],
    );
  } catch (error) {
    if (error instanceof Cancelled) return send({ kind: "cancelled", id });
    const message = error instanceof Error ? error.message : String(error);
    send({ kind: "failed", id, message, unavailable: error instanceof NativeUnavailable });
  }
}

let tasks = Promise.resolve();

port.on("message", (request: Request) => {
  if (request.kind === "task") tasks = tasks.then(() => perform(request));
  else if (request.kind === "cancel") cancelled.add(request.job);
  else if (request.kind === "answer") {
    asked.get(request.id)!(request.answer);
    asked.delete(request.id);
  } else if (request.kind === "forget") {
    tasks = tasks.then(() => known.forget(request.name));
  } else {
    const { programs, kept: { count, bytes } } = known;
    const tensors = recorder?.tensorCount() ?? 0;
    const holdings = { programs, sessions: sessionCount(), bound: count, bytes, tensors };
    send({ kind: "counted", id: request.id, holdings });
  }
});
