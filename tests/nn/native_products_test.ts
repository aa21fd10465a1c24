import { assert, assertEquals, assertLess } from "@std/assert";
import type { Job } from "../../lib/engine/pool/job.ts";
import { planOf } from "../../lib/engine/pool/plan.ts";
import type { Pool } from "../../lib/engine/pool/pool.ts";
import { recordLoss } from "../../lib/engine/record_loss.ts";
import { nativeProducts } from "../../lib/nn/native_products.ts";
import { mlp, tf } from "../../mod.ts";
import { modelCase, noise } from "../engine/losses.ts";
import { withPool } from "../engine/pool/with_pool.ts";

const samples = 32;

/** A network of convolutions, whose filters are constants of the last part, and a small one without. */
const networks = {
  convolutions: tf.sequential({
    layers: [
      tf.layers.conv2d({ inputShape: [8, 8, 3], filters: 4, kernelSize: 3, padding: "same" }),
      tf.layers.batchNormalization({}),
      tf.layers.activation({ activation: "relu" }),
      tf.layers.conv2d({ filters: 4, kernelSize: 3, activation: "tanh" }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 3 }),
    ],
  }),
  dense: mlp({ inputs: 6, hidden: [20, 20], outputs: 2, activation: "tanh" }),
};

/** The Hessian's program of a network, and the job that it is at a θ. */
function problem(name: keyof typeof networks) {
  const { loss, theta } = modelCase(networks[name], "crossEntropy", { samples });
  const { program } = recordLoss(loss, { theta, samples: 1e6 }).product();
  const fields = Object.entries(loss.fields).map(([field, { data, shape }]) => [
    `data/${field}`,
    { data, shape: [...shape] },
  ]);
  const weight = { data: Float32Array.of(1 / samples), shape: [] };
  const data = { ...Object.fromEntries(fields), weight } as Job["data"];
  const fixed = (theta: Float32Array) => ({ theta: { data: theta, shape: [theta.length] } });
  return { layout: loss.layout, theta, job: { program, data, fixed: fixed(theta) }, fixed };
}

/** The same program, as if a sample of it were so much work that a run has five of them. */
const asIfLong = ({ program, ...rest }: ReturnType<typeof problem>["job"]) => ({
  ...rest,
  program: { ...program, flops: { ...program.flops, perSample: [0, 1e9, 1e9] } },
});

const vectors = (count: number, size: number) =>
  Array.from({ length: count }, (_, k) => noise(k, "v", size).data);

const distance = (a: ArrayLike<number>, b: ArrayLike<number>) => {
  let difference = 0, scale = 0;
  for (let i = 0; i < a.length; i++) {
    difference = Math.max(difference, Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(b[i]));
  }
  return difference / scale;
};

for (const name of ["convolutions", "dense"] as const) {
  Deno.test(`one worker and three give the same bits: a product, several, and in chunks (${name})`, async () => {
    const { layout, job } = problem(name), vs = vectors(7, layout.size);
    const all = async (pool: Pool) => {
      const plain = nativeProducts(pool, layout, job);
      const chunked = nativeProducts(pool, layout, asIfLong(job));
      return [
        [await plain.product(vs[0])],
        await plain.products!(vs),
        [await chunked.product(vs[0])],
        await chunked.products!(vs),
      ];
    };
    const one = await withPool({ workers: 1 }, all);
    const [[single], several, [spread], chunked] = one;
    assertEquals(await withPool({ workers: 3 }, all), one);
    assertLess(distance(chunked[0], single), 1e-5);
    assertEquals(chunked[0], spread, "in the company of others as by itself");
    assertEquals(several[0], single);
    assert(vs.every((_, k) => distance(chunked[k], several[k]) < 1e-5));
  });
}

Deno.test("a small product keeps to one worker, a larger one is cut for all of them", async () => {
  const { layout, job } = problem("dense"), [v] = vectors(1, layout.size);
  const workers = (long: boolean) =>
    withPool({ workers: 2 }, async (pool) => {
      await nativeProducts(pool, layout, long ? asIfLong(job) : job).product(v);
      return (await pool.holdings()).length;
    });
  assertEquals([await workers(false), await workers(true)], [1, 2]);
});

Deno.test("a new θ costs a run of a part: no new program, no new session", () =>
  withPool({ workers: 1 }, async (pool) => {
    const { layout, job, theta, fixed } = problem("dense"), [v] = vectors(1, layout.size);
    const images: ArrayLike<number>[] = [];
    const held = async (at: Float32Array) => {
      const products = nativeProducts(pool, layout, { ...job, fixed: fixed(at) });
      images.push(await products.product(v));
      const [{ programs, sessions, bound }] = await pool.holdings();
      products.release();
      return { programs, sessions, bound };
    };
    const first = await held(theta);
    assertEquals(await held(theta.map((x) => x + 0.1)), first);
    assertEquals(await held(theta), first);
    assertEquals(images[2], images[0]);
    assert(distance(images[1], images[0]) > 1e-3, "and it is the product at that θ");
  }));

Deno.test("filters that are constants cost new sessions for a θ, which take the place of the old ones", () =>
  withPool({ workers: 1 }, async (pool) => {
    const { layout, job, theta, fixed } = problem("convolutions"), [v] = vectors(1, layout.size);
    const { stages } = job.program;
    const { bakedAt, last } = planOf(job.program);
    assert(stages.some(({ constants }) => constants?.length), "nothing is baked");
    // what is made for a single v is gone with it
    const lasting = stages.filter((stage) => bakedAt(stage) !== last);
    for (const scale of [1, 1.1, 1.2]) {
      const at = theta.map((x) => scale * x);
      const products = nativeProducts(pool, layout, { ...asIfLong(job), fixed: fixed(at) });
      await products.products!([v, v.map((x) => 2 * x)]);
      const [{ sessions }] = await pool.holdings();
      assertEquals(sessions, lasting.length);
    }
  }));

Deno.test("a Stop keeps the products that were made", () =>
  withPool({ workers: 1 }, async (pool) => {
    const { layout, job } = problem("dense"), stop = new AbortController();
    const made: number[] = [];
    const running = nativeProducts(pool, layout, asIfLong(job)).products!(
      vectors(40, layout.size),
      {
        signal: stop.signal,
        visit(i) {
          made.push(i);
          stop.abort(new Error("enough"));
        },
      },
    );
    assertEquals(await running.catch((error) => (error as Error).message), "enough");
    assert(made.length > 0 && made.length < 40);
  }));
