/** The kernels of tfjs's wasm backend (with SIMD), compiled. */
declare const wasm: WebAssembly.Module;
export default wasm;
