import { binary } from "./binary.ts";
import { contraction } from "./contraction.ts";
import { convolution } from "./convolution.ts";
import { gather } from "./gather.ts";
import { layers } from "./layers.ts";
import { physics } from "./physics.ts";
import { pooling } from "./pooling.ts";
import { reduction } from "./reduction.ts";
import { shape } from "./shape.ts";
import { unary } from "./unary.ts";
import type { Case } from "./check.ts";

/** Every op that is said to be exact, with the same in plain float64. */
export const table: Case[] = [
  ...unary,
  ...binary,
  ...reduction,
  ...shape,
  ...gather,
  ...contraction,
  ...convolution,
  ...pooling,
  ...layers,
  ...physics,
];
