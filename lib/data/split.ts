import { random } from "../math/random.ts";

/**
 * A seeded split that keeps the share of each group: row numbers of a training and of a test set, both in
 * random order. The test rows of a group are its exact share, rounded by largest remainder.
 *
 * @param groups the group of each row: its class, or whatever should be shared out evenly
 * @param options.test how many rows to hold out
 * @param options.name the name of the random stream
 */
export function stratifiedSplit(
  groups: ArrayLike<number | string>,
  { test, seed, name }: { test: number; seed: number; name: string },
): { train: Int32Array; test: Int32Array } {
  const source = random(seed, name);
  const order = source.permutation(groups.length);
  const members = Map.groupBy(order, (row) => groups[row]);
  const shares = [...members.values()]
    .map((rows) => ({ rows, share: test * rows.length / groups.length }))
    .map(({ rows, share }) => ({ rows, count: Math.floor(share), rest: share % 1 }))
    .sort((a, b) => b.rest - a.rest);
  const missing = test - shares.reduce((sum, { count }) => sum + count, 0);
  const held = new Set(
    shares.flatMap(({ rows, count }, i) => rows.slice(0, count + (i < missing ? 1 : 0))),
  );
  return {
    train: order.filter((row) => !held.has(row)),
    test: order.filter((row) => held.has(row)),
  };
}

/**
 * Checks the size of a test set that is held out of `rows` rows.
 *
 * @throws {RangeError} unless there is something to test with and something to train with.
 */
export function checkHeldOut(test: number, rows: number, doing: string): void {
  if (Number.isInteger(test) && test >= 1 && test <= rows - 2) return;
  throw new RangeError(
    `Cannot ${doing}: test must be an integer from 1 to ${
      rows - 2
    } of the ${rows} rows, got ${test}`,
  );
}
