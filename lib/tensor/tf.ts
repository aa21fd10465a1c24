import * as core from "@tensorflow/tfjs-core";
import type {} from "@tensorflow/tfjs-core/dist/public/chained_ops/register_all_chained_ops.d.ts";
import { chainOps } from "./chained_ops.ts";

export * from "@tensorflow/tfjs-core";
export * from "@tensorflow/tfjs-layers";

chainOps(core);
