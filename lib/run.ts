import type { Layout } from "./layout.ts";
import type { Vector } from "./vector.ts";

/** θ at a moment of training. */
export interface Checkpoint {
  /** Epochs done, possibly a fraction. */
  readonly epoch: number;
  /** Optimizer steps done. */
  readonly step: number;
  /** The weights. */
  readonly theta: Vector;
  /** Adam's v̂, the corrected mean of squared gradients; absent before the first step and with other optimizers. */
  readonly secondMoment?: Vector;
}

/** One epoch of training. */
export interface Epoch {
  /** Epochs done; the first row, 0, is the untrained network. */
  readonly epoch: number;
  /** The loss on the training set at the end of the epoch. */
  readonly trainLoss: number;
  /** The loss on the test set, where there is one. */
  readonly testLoss?: number;
  /** The share of training samples that are classified correctly, where the targets are classes. */
  readonly trainAccuracy?: number;
  /** The same for the test set. */
  readonly testAccuracy?: number;
  /** The learning rate of the epoch's steps. */
  readonly learningRate: number;
}

/** A training run: from our own training, or from anywhere else. */
export interface Run {
  /** What θ consists of. */
  readonly layout: Layout;
  /** The settings of the training. */
  readonly config: Readonly<Record<string, unknown>>;
  /** The seed of the training. */
  readonly seed: number;
  /** The start, every k-th epoch or the steps asked for, and the end; in order of steps. */
  readonly checkpoints: readonly Checkpoint[];
  /** The weights that training began with. */
  readonly initial: Vector;
  /** The weights of the epoch with the lowest test loss (training loss where there is no test set). */
  readonly best: Vector;
  /** The weights that training ended with. */
  readonly final: Vector;
  /** The loss of the batch of every step, before the step. */
  readonly stepLosses: Float32Array;
  /** The losses after each epoch. */
  readonly history: readonly Epoch[];
  /** True if training was stopped before its last epoch. */
  readonly partial: boolean;
}
