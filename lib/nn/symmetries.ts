import type { LayoutTensor } from "../layout.ts";
import type { Symmetries, UnitAxis, UnitGroup } from "../symmetry.ts";
import type { LayersModel } from "../tensor/tensor.ts";
import type * as tf from "../tensor/tf.ts";
import { layoutOf, weightsOf } from "./model.ts";
import { type Channels, type Places, rules } from "./symmetry_rules.ts";
import { type Forest, forest } from "./forest.ts";

/** A number of a tensor's axis that belongs to a unit, or to what is scaled with it. */
interface Slot {
  of: number;
  tensor: number;
  axis: number;
  position: number;
  power: -1 | 0 | 1;
}

/** A layer that a model goes through once, and which units come out of it. */
export interface Visited {
  layer: tf.layers.Layer;
  /** By the number of their group in `permutations`, the channel of each unit; groups that are there whole. */
  groups: Map<number, Int32Array>;
  /** Whether every channel is a unit that may change places. */
  free: boolean;
}

/** What a model's graph says of its units. */
export interface Structure {
  symmetries: Symmetries;
  /** In the order of a pass. */
  visited: Visited[];
}

/**
 * The symmetries of a layers model, read off its graph: channel by channel it is followed which numbers of
 * which axes must move together, through dense and convolutional layers, norms, activations, sums (which tie
 * the permutations of a residual stream), concatenations, pooling and flattening. Channels that stand on the
 * same axes may change places. Inputs and outputs of the model stay, and so does what goes into or comes out
 * of a layer whose rule is not known; a layer of one's own that copies channels may tell with a method
 * `channelMap(channels)`: for each output channel the input channel that it copies, −1 for zeros.
 */
export function structureOf(model: LayersModel): Structure {
  const numbers = new Map(weightsOf(model).map((variable, i) => [variable, i]));
  const units = forest(), scales = forest();
  const unitSlots: Slot[] = [], scaleSlots: Slot[] = [];
  const seen = new Map<string, { unit: number; scale: number }>();
  const places: Places = {
    units,
    scales,
    channel: (fixed = false) => ({ unit: units.make(fixed), scale: scales.make(fixed) }),
    place(variable, axis, channels, { flips, scales: power }) {
      const tensor = numbers.get(variable), rank = variable.shape.length;
      if (tensor === undefined) return;
      const at = axis < 0 ? rank + axis : axis;
      channels.forEach((channel, position) => {
        if (!channel) return;
        const { unit, scale } = channel, key = `${tensor}/${at}/${position}`;
        const before = seen.get(key);
        if (before) {
          // a layer that is used twice
          units.join(before.unit, unit);
          scales.join(before.scale, scale);
          return;
        }
        seen.set(key, channel);
        const slot = { tensor, axis: at, position };
        unitSlots.push({ ...slot, of: unit, power: flips });
        if (power !== 0) scaleSlots.push({ ...slot, of: scale, power });
      });
    },
  };
  const visits: Visit[] = [];
  const free = model.inputs.map((input) => channelsOf(input.shape, () => places.channel(true)));
  for (const outputs of followed(model, free, places, visits)) freeze(outputs, places);
  const { tensors } = layoutOf(model);
  const permutations = groupsOf(units, unitSlots, tensors);
  return {
    symmetries: {
      permutations: permutations.map(({ group }) => group),
      scalings: groupsOf(scales, scaleSlots, tensors).map(({ group }) => ({
        ...group,
        odd: false,
      })),
    },
    visited: visitedOnce(visits, units, permutations.map(({ roots }) => roots)),
  };
}

/** A layer that was gone through, with its output. */
interface Visit {
  layer: tf.layers.Layer;
  channels: Channels;
}

/** Where the units of each group are among the outputs of layers that are used once. */
function visitedOnce(visits: Visit[], units: Forest, groups: readonly number[][]): Visited[] {
  const memberOf = new Map(
    groups.flatMap((roots, group) => roots.map((root, unit) => [root, { group, unit }] as const)),
  );
  const times = new Map<tf.layers.Layer, number>();
  for (const { layer } of visits) times.set(layer, (times.get(layer) ?? 0) + 1);
  return visits.filter(({ layer }) => times.get(layer) === 1).map(({ layer, channels }) => {
    const found = new Map<number, Int32Array>();
    const members = channels.map((channel) => channel && memberOf.get(units.find(channel.unit)));
    members.forEach((member, position) => {
      if (!member) return;
      const { group, unit } = member;
      if (!found.has(group)) found.set(group, new Int32Array(groups[group].length).fill(-1));
      if (found.get(group)![unit] < 0) found.get(group)![unit] = position;
    });
    for (const [group, at] of found) if (at.includes(-1)) found.delete(group);
    return { layer, groups: found, free: members.every((member) => member !== undefined) };
  });
}

const channelsOf = (shape: tf.Shape, make: () => Channels[number]): Channels =>
  Array.from({ length: shape.at(-1) ?? 1 }, make);

function freeze(channels: Channels, { units, scales }: Places): void {
  for (const channel of channels) {
    if (!channel) continue;
    units.fix(channel.unit);
    scales.fix(channel.scale);
  }
}

/** What the channels of a model's outputs are, given those of its inputs. */
function followed(
  model: LayersModel,
  inputs: Channels[],
  places: Places,
  visits: Visit[],
): Channels[] {
  const known = new Map<tf.SymbolicTensor, Channels>();
  model.inputs.forEach((input, k) => known.set(input, inputs[k]));
  const channelsAt = (tensor: tf.SymbolicTensor): Channels => {
    const there = known.get(tensor);
    if (there) return there;
    const layer = tensor.sourceLayer as tf.layers.Layer;
    const node = layer.inboundNodes[tensor.nodeIndex];
    const from = node.inputTensors.map(channelsAt);
    const outputs = throughLayer(layer, from, node, places, visits);
    if (outputs.length === 1) visits.push({ layer, channels: outputs[0] });
    node.outputTensors.forEach((output, k) => known.set(output, outputs[k]));
    return known.get(tensor)!;
  };
  return model.outputs.map(channelsAt);
}

function throughLayer(
  layer: tf.layers.Layer,
  inputs: Channels[],
  { inputTensors, outputTensors }: { [side in `${"in" | "out"}putTensors`]: tf.SymbolicTensor[] },
  places: Places,
  visits: Visit[],
): Channels[] {
  if (Array.isArray((layer as LayersModel).layers)) {
    return followed(layer as LayersModel, inputs, places, visits);
  }
  const shapes = { inputs: inputTensors.map((t) => t.shape), output: outputTensors[0].shape };
  const rule = rules[layer.getClassName()] ?? rules.other;
  const outputs = outputTensors.length === 1 && isChannelsLast(layer)
    ? rule(layer, inputs, shapes, places)
    : undefined;
  if (outputs) return [outputs];
  for (const channels of inputs) freeze(channels, places);
  return outputTensors.map(({ shape }) => channelsOf(shape, () => places.channel(true)));
}

const isChannelsLast = (layer: tf.layers.Layer) =>
  (layer as { dataFormat?: string }).dataFormat !== "channelsFirst";

/** Units that stand on the same axes, equally often, form a group. */
function groupsOf(of: Forest, slots: Slot[], tensors: readonly LayoutTensor[]) {
  const units = new Map<number, Slot[]>();
  for (const slot of slots) {
    const root = of.find(slot.of);
    if (of.isFixed(root)) continue;
    if (!units.has(root)) units.set(root, []);
    units.get(root)!.push(slot);
  }
  const groups = new Map<string, { root: number; own: Slot[] }[]>();
  for (const [root, own] of units) {
    own.sort((a, b) => a.tensor - b.tensor || a.axis - b.axis || a.position - b.position);
    const signature = JSON.stringify([
      of.isOdd(root),
      own.map(({ tensor, axis, power }) => [tensor, axis, power]),
    ]);
    if (!groups.has(signature)) groups.set(signature, []);
    groups.get(signature)!.push({ root, own });
  }
  return [...groups.values()].map((members) => {
    members.sort((a, b) => a.own[0].position - b.own[0].position);
    const slots = members.map(({ own }) => own), roots = members.map(({ root }) => root);
    return { group: groupOf(slots, of.isOdd(roots[0]), tensors), roots };
  });
}

function groupOf(units: Slot[][], odd: boolean, tensors: readonly LayoutTensor[]): UnitGroup {
  const axes = new Map<string, { axis: UnitAxis; positions: number[]; length: number }>();
  for (const { tensor, axis, position, power } of units.flat()) {
    const key = `${tensor}/${axis}`, { name, shape } = tensors[tensor];
    if (!axes.has(key)) {
      axes.set(key, { axis: { tensor: name, axis, power }, positions: [], length: shape[axis] });
    }
    axes.get(key)!.positions.push(position);
  }
  const maker = units[0].find(({ power }) => power === 1) ?? units[0][0];
  return {
    name: tensors[maker.tensor].name.replace(/\/[^/]*$/, ""),
    size: units.length,
    axes: [...axes.values()].map(({ axis, positions, length }) => ({
      ...axis,
      ...((positions.length < length || positions.some((p, k) => p !== k)) && { positions }),
    })),
    odd,
  };
}
