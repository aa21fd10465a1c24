// @ts-self-types="./wasm_module.d.ts"
// JavaScript, because TypeScript does not parse source-phase imports. They need no permission.
import source wasm from "npm:@tensorflow/tfjs-backend-wasm@4.22.0/wasm-out/tfjs-backend-wasm-simd.wasm";
export default wasm;
