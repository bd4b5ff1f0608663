// worker.js on a machine with a graphics processor: one is promised, and fake_gpu_ort.mjs stands for it.

Object.defineProperty(navigator, "gpu", { value: { requestAdapter: async () => ({ isFallbackAdapter: false }) } });

// What comes before the modules are there is kept for them.
const early = [];
self.onmessage = (event) => early.push(event);
const parts = import("/parts.js").then(({ default: { runtime } }) => {
  runtime.webgpu = { ...runtime.wasm, module: "fake_gpu_ort.mjs" };
});
parts.then(() => import("/worker.js")).then(() => early.forEach((event) => self.onmessage(event)));
