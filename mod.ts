/**
 * Look at the loss landscape of a neural network: where training went, what surrounds it, how sharp it is.
 *
 * One flow: a {@link Loss} seen through a {@link Slice} gives a {@link Landscape}; a {@link Run} in the same
 * slice gives a {@link Trajectory}; a loss at a θ gives an {@link Operator}, and that a {@link Spectrum}.
 * Every result is plain data that draws itself.
 *
 * @module
 */

/**
 * TensorFlow.js (core and layers), with exact derivatives to second order.
 *
 * @internal
 */
export * as tf from "./lib/tensor/tf.ts";
export type { LayersModel, Tensor, Tensor1D } from "./lib/tensor/tensor.ts";

// θ and what it consists of
export type { Vector } from "./lib/vector.ts";
export { initialize, layout } from "./lib/layout.ts";
export type { Initializer, Layout, LayoutTensor, Role, TensorSpec } from "./lib/layout.ts";
export { assign, flatten, layoutOf } from "./lib/nn/model.ts";
export { symmetries } from "./lib/symmetry.ts";
export { rescale } from "./lib/rescale.ts";
export type { RescaleOptions } from "./lib/rescale.ts";
export { permute } from "./lib/permute.ts";
export type { PermuteOptions } from "./lib/permute.ts";
export type { Symmetries, UnitAxis, UnitGroup, UnitGroupSpec } from "./lib/symmetry.ts";

// losses
export { l1, l2, withPenalty } from "./lib/penalty.ts";
export type { Penalty } from "./lib/penalty.ts";
export { products } from "./lib/products.ts";
export type {
  CurvatureMatrix,
  Engine,
  Evaluation,
  Linearized,
  Loss,
  LossOptions,
  Operator,
  ProductsOptions,
  SliceRequest,
  Trainer,
  TrainerRequest,
  TrainerResult,
  TrainingPlan,
  UnitStatistics,
  UnitValues,
  ValueAndGradient,
} from "./lib/loss.ts";
export { modelLoss } from "./lib/nn/model_loss.ts";
export type { Batch, ModelLossOptions } from "./lib/nn/model_loss.ts";
export type { SamplingOptions } from "./lib/nn/subsample.ts";
export type { Criterion, CriterionName } from "./lib/nn/criterion.ts";
export { functionLoss } from "./lib/nn/function_loss.ts";
export type { FunctionLossOptions, TensorFunction } from "./lib/nn/function_loss.ts";
export { factorization, quadratic, rosenbrock, rugged } from "./lib/synthetic.ts";

// data
export { takeSamples } from "./lib/data/dataset.ts";
export type {
  ArraySamples,
  Dataset,
  NumberArray,
  Numbers,
  NumericArray,
  Samples,
  Scale,
  TensorLike,
} from "./lib/data/dataset.ts";
export { circles } from "./lib/data/circles.ts";
export type { CirclesOptions } from "./lib/data/circles.ts";
export { digits } from "./lib/data/digits.ts";
export type { DigitsOptions } from "./lib/data/digits.ts";
export { gaussians } from "./lib/data/gaussians.ts";
export type { GaussiansOptions } from "./lib/data/gaussians.ts";
export { moons } from "./lib/data/moons.ts";
export { penguins } from "./lib/data/penguins.ts";
export type { PenguinsOptions } from "./lib/data/penguins.ts";
export type { PlanarOptions } from "./lib/data/planar.ts";
export { xor } from "./lib/data/xor.ts";

// models and training
export { mlp, mlpVariants } from "./lib/nn/mlp.ts";
export type { Activation, MlpOptions, MlpVariant } from "./lib/nn/mlp.ts";
export { resnet20 } from "./lib/nn/resnet.ts";
export type { ResnetOptions } from "./lib/nn/resnet.ts";
export { train } from "./lib/nn/train.ts";
export type {
  TrainedRun,
  TrainLossOptions,
  TrainModelOptions,
  TrainOptions,
} from "./lib/nn/train.ts";
export type { OptimizerOptions } from "./lib/math/optimizer.ts";
export type { Checkpoint, Epoch, Run } from "./lib/run.ts";

// where to look
export { directionsBetween, normalizedDirection, randomDirections } from "./lib/directions.ts";
export type { DirectionOptions, Normalization, NormalizeOptions } from "./lib/directions.ts";
export { eigenDirections } from "./lib/eigen_directions.ts";
export type { EigenDirectionOptions } from "./lib/eigen_directions.ts";
export { pca } from "./lib/pca.ts";
export type { PCA } from "./lib/pca.ts";
export { eigenPlane } from "./lib/eigen_plane.ts";
export type { EigenPlane, EigenPlaneOptions, EigenProfile } from "./lib/eigen_plane.ts";
export { planeThrough } from "./lib/plane_through.ts";
export type { PlaneOptions, PlaneThrough } from "./lib/plane_through.ts";
export type { Slice } from "./lib/slice.ts";

// what one sees
export { landscape } from "./lib/landscape.ts";
export type { Landscape, LandscapeOptions } from "./lib/landscape.ts";
export type { Extent } from "./lib/grid.ts";
export type { Path, Range } from "./lib/range.ts";
export type { Intervals, Sampled } from "./lib/sampling.ts";
export type { PerSample } from "./lib/per_sample.ts";
export { topology } from "./lib/topology.ts";
export type {
  Basin,
  GridPoint,
  Topology,
  TopologyLandscape,
  TopologyOptions,
} from "./lib/topology.ts";
export type { Estimated, TopologyNoise } from "./lib/topology/noise.ts";
export type { Judgement } from "./lib/topology/judgement.ts";
export type { MergeNode } from "./lib/topology/merge_tree.ts";
export type { Neighbours } from "./lib/math/sublevel.ts";
export { interpolate } from "./lib/interpolate.ts";
export type { InterpolateOptions, Interpolation } from "./lib/interpolate.ts";
export { trajectory } from "./lib/trajectory.ts";
export type { Trajectory } from "./lib/trajectory.ts";
export { connectivity } from "./lib/connectivity.ts";
export type { Connection, Connectivity, ConnectivityOptions, Variant } from "./lib/connectivity.ts";
export type { BezierOptions } from "./lib/connectivity/bezier.ts";
export { alignNeurons } from "./lib/alignment.ts";
export type { AlignOptions } from "./lib/alignment.ts";
export { hessian } from "./lib/hessian.ts";
export { gaussNewton } from "./lib/gauss_newton.ts";
export { fisher } from "./lib/fisher.ts";
export type { FisherOptions } from "./lib/fisher.ts";
export type { Curvature, CurvatureOptions } from "./lib/curvature.ts";
export { preconditioned, scaled, shifted, summed } from "./lib/operators.ts";
export type { DerivedOperator } from "./lib/operators.ts";
export { layerSpectra } from "./lib/layer_spectra.ts";
export type { LayerSpectra, LayerSpectraOptions } from "./lib/layer_spectra.ts";
export { spectra } from "./lib/spectra.ts";
export type { Spectra, SpectraOptions } from "./lib/spectra.ts";
export { spectrum } from "./lib/spectrum.ts";
export type { Spectrum, SpectrumOptions, SpectrumOutcome } from "./lib/spectrum.ts";
export type { SpectrumOperator } from "./lib/spectrum/counted.ts";
export type { SpectralDensity, TraceOptions } from "./lib/spectrum/probed.ts";
export { stabilityLimit } from "./lib/stability_limit.ts";
export type { StabilityLimit, StabilityOptions } from "./lib/stability_limit.ts";
export type { Smoothed } from "./lib/math/smoothed.ts";
export { sharpness } from "./lib/sharpness.ts";
export type { MeanIncrease, Sharpness, SharpnessOptions, SymmetryCheck } from "./lib/sharpness.ts";
export type { WorstIncrease } from "./lib/sharpness/worst.ts";
export { invariances } from "./lib/invariances.ts";
export type { Invariance, Invariances, InvariancesOptions, Measured } from "./lib/invariances.ts";
export { audit } from "./lib/audit.ts";
export type { Audit, AuditCheck, AuditOptions } from "./lib/audit.ts";
export type { Trace } from "./lib/math/hutchinson.ts";
export type { Provenance, Source } from "./lib/provenance.ts";
export type { Control, Progress, ProgressState } from "./lib/progress.ts";

// pictures
export { display, figure, fragment } from "./lib/figure/figure.ts";
export type { Figure } from "./lib/figure/figure.ts";
export type * from "./lib/figure/drawing.ts";
export type { Theme, ThemeName } from "./lib/figure/theme.ts";
export type { LossScale } from "./lib/figure/loss_scale.ts";
export type { Scene, SceneAxis, ScenePath } from "./lib/figure/scene.ts";
export { report } from "./lib/figure/report.ts";
export type { ReportOptions, ReportSection } from "./lib/figure/report.ts";
export { show } from "./lib/figure/show.ts";
export { document } from "./lib/figure/document.ts";
export type { FigureElement } from "./lib/figure/document.ts";
export { fromJSON } from "./lib/figure/json.ts";
export type { ArrayKind } from "./lib/figure/json.ts";
