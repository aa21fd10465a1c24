import { type Layout, type LayoutTensor, part } from "./layout.ts";
import { describe } from "./options.ts";
import { sizeOf, type Vector } from "./vector.ts";

/** An axis of a tensor on which the units of a group stand. */
export interface UnitAxis {
  /** The tensor's name in the layout. */
  readonly tensor: string;
  /** The number of the axis. */
  readonly axis: number;
  /** Where the units stand, unit after unit, each with as many places; by default unit u stands at u. */
  readonly positions?: readonly number[];
  /**
   * What becomes of these numbers when the unit's output is to be multiplied by c: they are multiplied by
   * c^power. 1 for what comes in, −1 for what goes out, 0 for what stays.
   */
  readonly power: -1 | 0 | 1;
}

/** Units that may change places without changing what the network computes, and all axes on which they stand. */
export interface UnitGroup {
  /** What the units are, for captions: the name of the layer that makes them. */
  readonly name: string;
  /** How many there are. */
  readonly size: number;
  /** Every axis on which they stand. */
  readonly axes: readonly UnitAxis[];
  /** Whether a unit's sign may change too: what follows it is odd, f(−x) = −f(x). Not said of scalings. */
  readonly odd: boolean;
}

/** What can be done to the weights of a network that leaves its outputs as they are. */
export interface Symmetries {
  /** Units that may change places, and where they are odd, signs: powers tell which tensors flip. */
  readonly permutations: readonly UnitGroup[];
  /** Units that may be multiplied by any c > 0 where they come in and by 1/c where they go out. */
  readonly scalings: readonly UnitGroup[];
}

/** A {@link UnitGroup} as it is written down by hand. */
export interface UnitGroupSpec {
  /** What the units are; by default the name of the first tensor. */
  readonly name?: string;
  /** Every axis on which they stand; the power is 1 unless it is given. */
  readonly axes: readonly (Omit<UnitAxis, "power"> & { power?: -1 | 0 | 1 })[];
  /** Whether what follows a unit is odd, as tanh is; default false. */
  readonly odd?: boolean;
  /** Whether f(cx) = c·f(x) for c > 0 holds for what follows a unit, as it does for ReLU; default false. */
  readonly homogeneous?: boolean;
}

const doing = "describe symmetries";

/**
 * The symmetries of a network that is written as a function of named tensors: for each set of units that
 * may change places, all axes on which they stand.
 *
 * @throws {TypeError | RangeError} where a tensor, an axis or a number of units does not fit the layout.
 *
 * ```ts
 * import { layout, symmetries } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const net = layout({ w1: [2, 8], b1: { shape: [8], role: "bias" }, w2: [8, 3] });
 * const { permutations } = symmetries(net, [{
 *   axes: [{ tensor: "w1", axis: 1 }, { tensor: "b1", axis: 0 }, { tensor: "w2", axis: 0, power: -1 }],
 *   odd: true,
 * }]);
 * assertEquals(permutations[0].size, 8);
 * ```
 */
export function symmetries(layout: Layout, groups: readonly UnitGroupSpec[]): Symmetries {
  if (!Array.isArray(groups)) {
    throw new TypeError(
      `Cannot ${doing}: expected a list of groups { axes: [{ tensor, axis, power }] }, got ${
        describe(groups)
      }`,
    );
  }
  const all = groups.map((spec: UnitGroupSpec, k) => ({
    ...checkedGroup(layout, spec, k),
    homogeneous: spec.homogeneous ?? false,
  }));
  const plain = ({ homogeneous: _, ...group }: (typeof all)[number]): UnitGroup => group;
  return {
    permutations: all.map(plain),
    scalings: all.filter(({ homogeneous }) => homogeneous).map(plain),
  };
}

function checkedGroup(layout: Layout, spec: UnitGroupSpec, k: number): UnitGroup {
  const { axes, odd = false } = spec ?? {};
  if (!Array.isArray(axes) || axes.length === 0) {
    throw new TypeError(
      `Cannot ${doing}: group ${k + 1} must have axes, like [{ tensor: "w1", axis: 1 }], got ${
        describe(axes)
      }`,
    );
  }
  const sizes = axes.map(({ tensor, axis, positions }: UnitAxis) => {
    const { shape } = tensorNamed(layout, tensor);
    if (!(Number.isInteger(axis) && axis >= 0 && axis < shape.length)) {
      throw new RangeError(
        `Cannot ${doing}: axis must be one of the ${shape.length} of "${tensor}", got ${axis}`,
      );
    }
    const wrong = positions?.find((p) => !(Number.isInteger(p) && p >= 0 && p < shape[axis]));
    if (wrong !== undefined || new Set(positions).size !== (positions?.length ?? 0)) {
      throw new RangeError(
        `Cannot ${doing}: positions must be different numbers from 0 to ${shape[axis] - 1} in ` +
          `"${tensor}", got ${wrong ?? "one twice"}`,
      );
    }
    return { tensor, count: positions?.length ?? shape[axis] };
  });
  const size = Math.min(...sizes.map(({ count }) => count));
  const uneven = sizes.find(({ count }) => size === 0 || count % size !== 0);
  if (uneven) {
    throw new RangeError(
      `Cannot ${doing}: all axes of group ${k + 1} must hold the same units, got ` +
        sizes.map(({ tensor, count }) => `${count} in "${tensor}"`).join(", "),
    );
  }
  return {
    name: spec.name ?? axes[0].tensor,
    size,
    axes: axes.map((axis: UnitGroupSpec["axes"][number]) => ({ ...axis, power: axis.power ?? 1 })),
    odd,
  };
}

/** The tensor of a layout that has a name. @throws {RangeError} if there is none. */
export function tensorNamed(layout: Layout, name: string): LayoutTensor {
  const tensor = layout.tensors.find((t) => t.name === name);
  if (tensor) return tensor;
  throw new RangeError(
    `Cannot ${doing}: there must be a tensor "${name}" in the layout, got ${
      layout.tensors.map((t) => `"${t.name}"`).join(", ")
    }`,
  );
}

/** A tensor seen along one axis on which units stand: element (o, p, i) is at offset + (o·length + p)·inner + i. */
export interface AlongAxis {
  readonly tensor: LayoutTensor;
  readonly outer: number;
  readonly length: number;
  readonly inner: number;
  /** Unit u stands at places[u·repeats] to places[u·repeats + repeats − 1]. */
  readonly places: readonly number[];
  readonly repeats: number;
  readonly power: -1 | 0 | 1;
}

/** An axis of a group with its strides and places. */
export function alongAxis(layout: Layout, size: number, axis: UnitAxis): AlongAxis {
  const tensor = tensorNamed(layout, axis.tensor), length = tensor.shape[axis.axis];
  const places = axis.positions ?? Array.from({ length }, (_, p) => p);
  return {
    tensor,
    outer: sizeOf(tensor.shape.slice(0, axis.axis)),
    length,
    inner: sizeOf(tensor.shape.slice(axis.axis + 1)),
    places,
    repeats: places.length / size,
    power: axis.power,
  };
}

/** What is done to the units of a group. */
export interface UnitMove {
  readonly group: UnitGroup;
  /** Which unit comes to each place; by default every one stays. */
  readonly order?: ArrayLike<number>;
  /** By what the output of the unit that is then at each place is multiplied; by default by 1. */
  readonly factors?: ArrayLike<number>;
}

/** θ with units in other places, and multiplied by factors, as a new vector: everything that belongs to a unit goes along. */
export function movedUnits<V extends Vector>(
  layout: Layout,
  theta: V,
  moves: readonly UnitMove[],
): V {
  const out = theta.slice() as V;
  for (const { group, order, factors } of moves) {
    for (const axis of group.axes) {
      const { tensor, outer, length, inner, places, repeats, power } = alongAxis(
        layout,
        group.size,
        axis,
      );
      const to = part(out, tensor), from = to.slice();
      for (let u = 0; u < group.size; u++) {
        const source = order ? order[u] : u, factor = factors && power ? factors[u] ** power : 1;
        if (source === u && factor === 1) continue;
        for (let r = 0; r < repeats; r++) {
          const target = places[u * repeats + r], origin = places[source * repeats + r];
          for (let o = 0; o < outer; o++) {
            const t = (o * length + target) * inner, s = (o * length + origin) * inner;
            for (let i = 0; i < inner; i++) to[t + i] = from[s + i] * factor;
          }
        }
      }
    }
  }
  return out;
}
