/** What the drawings need to know of a trajectory. */
export interface DrawnTrajectory {
  /** Where each checkpoint is in the slice. */
  readonly coordinates: readonly Float64Array[];
  /** The epoch of each checkpoint. */
  readonly epochs: ArrayLike<number>;
  /** How far each checkpoint is from the slice. */
  readonly residuals: Float64Array;
  /** The share of the squared movement that is along the slice. */
  readonly inPlane?: number;
  /** How far each checkpoint is from the origin of the slice. */
  readonly distances?: Float64Array;
  /** The loss at each checkpoint. */
  readonly losses?: Float64Array;
  /** The loss at the nearest point in the slice. */
  readonly planeLosses?: Float64Array;
  /** The standard deviation of the loss over the run, and over its last tenth. */
  readonly stability?: { readonly all: number; readonly lastTenth: number };
  /** What each axis is. */
  readonly labels: readonly string[];
  /** True if it was stopped before all losses were done. */
  readonly partial: boolean;
}
