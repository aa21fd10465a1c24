import * as core from "@tensorflow/tfjs-core";
import { chainOps } from "./chained_ops.ts";

export * from "@tensorflow/tfjs-core";
export * from "@tensorflow/tfjs-layers";

chainOps(core);
