import type { CurvatureOptions } from "./curvature.ts";
import { type Figure, figure } from "./figure/figure.ts";
import { hessian } from "./hessian.ts";
import { drawLayers } from "./layer_spectra/draw.ts";
import type { Layout } from "./layout.ts";
import { checkLoss, type Loss } from "./loss.ts";
import { checkInteger, describe, optionsOf } from "./options.ts";
import { type Control, partOf, steps } from "./progress.ts";
import { type Provenance, provenance } from "./provenance.ts";
import { type Spectrum, spectrum, type SpectrumOptions } from "./spectrum.ts";
import type { SpectrumOperator } from "./spectrum/counted.ts";
import type { Vector } from "./vector.ts";

/** The curvature of each layer by itself, all others held fixed: one entry a layer. */
export interface LayerSpectra extends Figure {
  /** Their names. */
  names: string[];
  /** How many numbers each has that can move. */
  dimensions: Int32Array;
  /** The largest eigenvalues of its block, descending. */
  eigenvalues: Float64Array[];
  /** ‖Hv − λv‖ of each. */
  residuals: Float64Array[];
  /** Whether each has converged. */
  converged: boolean[][];
  /** The trace of its block; absent with `probes: 0`. The traces of all layers add up to that of the Hessian. */
  traces?: Float64Array;
  /** Its standard errors. */
  traceErrors?: Float64Array;
  /** How many probes each trace has. */
  probes?: Int32Array;
  /** How many products were computed. */
  products: number;
  /** True if it was stopped: then later layers are missing. */
  partial: boolean;
  /** Where the numbers come from. */
  provenance: Provenance;
}

/** The options of {@link layerSpectra}. */
export interface LayerSpectraOptions
  extends Control, Pick<SpectrumOptions, "trace" | "tolerance" | "budget" | "seed"> {
  /**
   * Names of tensors, by the name of what they make up. Default: the layers of a model ("dense_1" of
   * "dense_1/kernel" and "dense_1/bias"), or each tensor where names have no such parts.
   */
  layers?: Readonly<Record<string, readonly string[]>>;
  /** How many of the largest eigenvalues, default 1. */
  top?: number;
  /** How many probes for each trace, default 10; 0 for none. */
  probes?: number;
  /** The operator of a block; default the Hessian's. */
  operator?: (loss: Loss, theta: Vector, options: CurvatureOptions) => SpectrumOperator;
}

const doing = "compute the spectra of layers";

/**
 * The largest eigenvalues and the trace of each layer's diagonal block of the Hessian: which layers are sharp
 * (as HAWQ ranks them: Dong et al., 2019). With `operator: gaussNewton` or `fisher` the blocks of these.
 *
 * Cost: for each layer that of {@link spectrum} with these eigenvalues and probes.
 *
 * @throws {TypeError | RangeError} if θ does not fit the loss, a name is not in its layout, or an option is out of
 * range.
 *
 * ```ts
 * import { layerSpectra, mlp, modelLoss, moons, flatten } from "../mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const model = mlp({ inputs: 2, hidden: [8], outputs: 2 });
 * const loss = modelLoss(model, moons({ train: 50 }).train);
 * const { dimensions, traces } = await layerSpectra(loss, flatten(model));
 * assertEquals([...dimensions], [24, 18]);
 * assertEquals(traces!.length, 2);
 * ```
 */
export async function layerSpectra(
  loss: Loss,
  theta: Vector,
  options: LayerSpectraOptions = {},
): Promise<LayerSpectra> {
  const { layers, top = 1, probes = 10, operator = hessian, signal, progress, ...rest } = optionsOf(
    options,
    doing,
  );
  checkLoss(loss, doing);
  checkInteger(top, "top", doing, { least: 1 });
  const blocks = Object.entries(layers === undefined ? layersOf(loss.layout) : layers);
  if (blocks.length === 0 || blocks.some(([, names]) => !Array.isArray(names))) {
    throw new TypeError(
      `Cannot ${doing}: layers must be lists of names of tensors by the name of a layer, got ${
        blocks.length === 0
          ? "none"
          : describe(blocks.find(([, names]) => !Array.isArray(names))![1])
      }`,
    );
  }
  const operators = blocks.map(([, parameters]) => operator(loss, theta, { parameters }));
  const about = { label: "layer spectra", total: blocks.length, unit: "layers" };
  return await steps({ signal, progress }, about, async (job) => {
    const finish = provenance(loss), found: Spectrum[] = [];
    let products = 0, engine = loss.engine;
    for (const block of operators) {
      const one = await spectrum(block, {
        ...rest,
        top,
        bottom: 0,
        probes,
        density: false,
        signal: job.signal,
        progress: partOf(job),
      });
      engine = block.engine ?? engine;
      block.release();
      products += one.products;
      if (one.partial) break;
      found.push(one);
      await job.breathe();
    }
    const traces = found.map(({ trace }) => trace);
    return figure<Omit<LayerSpectra, keyof Figure>>({
      names: blocks.slice(0, found.length).map(([name]) => name),
      dimensions: Int32Array.from(found, ({ dimension }) => dimension),
      eigenvalues: found.map(({ eigenvalues }) => eigenvalues),
      residuals: found.map(({ residuals }) => residuals),
      converged: found.map(({ converged }) => converged),
      ...(probes > 0 && {
        traces: Float64Array.from(traces, (trace) => trace!.value),
        traceErrors: Float64Array.from(traces, (trace) => trace!.standardError),
        probes: Int32Array.from(traces, (trace) => trace!.probes),
      }),
      products,
      partial: job.stopped,
      provenance: finish({ evaluations: products, seed: rest.seed ?? 42, engine }),
    }, drawLayers);
  });
}

/** The tensors that can move, by what their names begin with. */
function layersOf({ tensors }: Layout): Record<string, string[]> {
  const layers: Record<string, string[]> = {};
  for (const { name, role } of tensors) {
    if (role === "state") continue;
    const cut = name.lastIndexOf("/");
    (layers[cut > 0 ? name.slice(0, cut) : name] ??= []).push(name);
  }
  return layers;
}
