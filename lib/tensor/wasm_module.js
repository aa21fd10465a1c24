// @ts-self-types="./wasm_module.d.ts"
// JavaScript, because TypeScript does not parse source-phase imports. They need no permission.
import source wasm from "@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-simd.wasm";
export default wasm;
