// @ts-check
// Can this browser compute with vectors, as the checker's runtime must?

// A module of one function that uses a vector instruction: it is valid only where there is SIMD.
const MODULE = Uint8Array.from([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/** Whether there is WebAssembly with SIMD. */
export function hasSimd() {
  return typeof WebAssembly === "object" && WebAssembly.validate(MODULE);
}
