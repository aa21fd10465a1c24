import { type Layout, part } from "../layout.ts";
import { random } from "../math/random.ts";
import type { Job } from "../progress.ts";
import {
  alongAxis,
  movedUnits,
  type UnitAxis,
  type UnitGroup,
  type UnitMove,
} from "../symmetry.ts";
import { dot, sizeOf, type Vector } from "../vector.ts";
import { matching } from "./matching.ts";

/** Moves of every group, in their order. */
type Moves = UnitMove[];

/** A descent ends when it gains less than this share of ‖a‖². */
const tolerance = 1e-9;

/**
 * The moves of b's units that make ⟨a, b⟩ largest, by coordinate descent from several beginnings. Moving
 * statistics do not count: they are no weights.
 */
export async function byWeights(
  layout: Layout,
  groups: readonly UnitGroup[],
  [a, b]: readonly [Vector, Vector],
  { restarts, seed, job }: { restarts: number; seed: number; job: Job },
): Promise<Moves> {
  const source = random(seed, "alignNeurons");
  const weights = layout.tensors.filter(({ role }) => role !== "state");
  const likeness = (moves: Moves) => {
    const moved = movedUnits(layout, b, moves);
    return weights.reduce((sum, t) => sum + dot(part(a, t), part(moved, t)), 0);
  };
  const rows = rowsOf(layout, groups, weights.map(({ name }) => name));
  const enough = tolerance * dot(a, a);

  /** The best move of one group while the others stay. */
  const best = async (k: number, moves: Moves, settled?: ReadonlySet<number>) => {
    const pick = (axis: UnitAxis) => !settled || rows.isSettled(k, axis, settled);
    await job.breathe();
    const ofA = rows.collect(k, pick, () => a);
    await job.breathe();
    const others = moves.map((move, other) => other === k ? { group: move.group } : move);
    const moved = movedUnits(layout, b, others);
    await job.breathe();
    const ofB = rows.collect(
      k,
      pick,
      (axis) => rows.isTied(k, axis) ? withOwnOtherAxes(layout, moved, moves[k], axis) : moved,
    );
    return await matching(groups[k], ofA, ofB, job);
  };

  const descent = async (start: Moves) => {
    let moves = start, value = likeness(moves);
    for (let gained = Infinity; gained > enough && !job.stopped;) {
      const before = value;
      for (const k of source.permutation(groups.length)) {
        const tried = moves.with(k, await best(k, moves));
        if (job.stopped) break;
        await job.breathe();
        // where a group stands on both axes of a tensor the assignment is an estimate only
        const then = likeness(tried);
        if (then > value) [moves, value] = [tried, then];
      }
      gained = value - before;
    }
    return { moves, value };
  };

  /** Groups one after the other, by those weights whose other ends are matched already. */
  const onwards = async () => {
    let moves: Moves = groups.map((group) => ({ group }));
    const settled = new Set<number>();
    while (settled.size < groups.length && !job.stopped) {
      const open = groups.keys().filter((k) => !settled.has(k)).toArray();
      const known = open.map((k) => rows.settledShare(k, settled));
      const k = open[known.indexOf(Math.max(...known))];
      moves = moves.with(k, await best(k, moves, settled));
      settled.add(k);
    }
    return moves;
  };

  const shuffled = (): Moves =>
    groups.map((group) => ({ group, order: source.permutation(group.size) }));
  const still = groups.map((group) => ({ group }));
  let found = { moves: still as Moves, value: likeness(still) };
  for (let trial = 0; trial < 2 + restarts && !job.stopped; trial++) {
    const start = trial === 0 ? await onwards() : trial === 1 ? still : shuffled();
    const end = await descent(start);
    if (end.value > found.value) found = end;
    job.advance();
  }
  return found.moves;
}

/** Weights of units as rows of numbers, one row a unit. */
function rowsOf(layout: Layout, groups: readonly UnitGroup[], weights: string[]) {
  const counted = groups.map(({ axes }) => axes.filter(({ tensor }) => weights.includes(tensor)));
  const standing = new Map<string, Set<number>>();
  groups.forEach(({ axes }, k) =>
    axes.forEach(({ tensor }) => {
      if (!standing.has(tensor)) standing.set(tensor, new Set());
      standing.get(tensor)!.add(k);
    })
  );
  const isTied = (k: number, axis: UnitAxis) =>
    counted[k].some((other) => other !== axis && other.tensor === axis.tensor);
  const isSettled = (k: number, axis: UnitAxis, settled: ReadonlySet<number>) =>
    !isTied(k, axis) &&
    [...standing.get(axis.tensor)!].every((group) => group === k || settled.has(group));
  const numbersIn = ({ tensor }: UnitAxis) =>
    sizeOf(layout.tensors.find(({ name }) => name === tensor)!.shape);
  return {
    isTied,
    isSettled,
    /** How much of a group's weights has its other ends matched. */
    settledShare(k: number, settled: ReadonlySet<number>) {
      const total = (axes: UnitAxis[]) => axes.reduce((sum, axis) => sum + numbersIn(axis), 0);
      return total(counted[k].filter((axis) => isSettled(k, axis, settled))) / total(counted[k]);
    },
    /** Rows of the numbers that flip with a unit's sign, and of those that do not. */
    collect(k: number, pick: (axis: UnitAxis) => boolean, theta: (axis: UnitAxis) => Vector) {
      const axes = counted[k].filter(pick), { size } = groups[k];
      const gather = (flips: boolean) => {
        const parts = axes.filter(({ power }) => (power !== 0) === flips).map((axis) => ({
          values: theta(axis),
          along: alongAxis(layout, size, axis),
        }));
        const width = parts.reduce(
          (sum, { along }) => sum + along.outer * along.repeats * along.inner,
          0,
        );
        const out = new Float64Array(size * width);
        for (let u = 0; u < size; u++) {
          let at = u * width;
          for (const { values, along } of parts) {
            const { tensor, outer, length, inner, places, repeats } = along;
            for (let r = 0; r < repeats; r++) {
              const place = places[u * repeats + r];
              for (let o = 0; o < outer; o++) {
                const from = tensor.offset + (o * length + place) * inner;
                for (let i = 0; i < inner; i++) out[at++] = values[from + i];
              }
            }
          }
        }
        return { values: out, width };
      };
      return { flipping: gather(true), steady: gather(false) };
    },
  };
}

/** θ with a group's own move applied to its tensors, but not along one axis. */
function withOwnOtherAxes(layout: Layout, theta: Vector, move: UnitMove, axis: UnitAxis): Vector {
  const axes = move.group.axes.filter((other) =>
    other.tensor !== axis.tensor || other.axis !== axis.axis
  );
  return movedUnits(layout, theta, [{ ...move, group: { ...move.group, axes } }]);
}
