// worker.js on a machine with a graphics processor: one is promised, and fake_gpu_ort.mjs stands for it.

Object.defineProperty(navigator, "gpu", { value: { requestAdapter: async () => ({ isFallbackAdapter: false }) } });

const real = self.fetch;
self.fetch = async (url, ...rest) => {
  const answer = await real(url, ...rest);
  if (!String(url).endsWith("imageqx.json")) return answer;
  const card = await answer.json();
  card.files.webgpu = { ...card.files.wasm, module: "fake_gpu_ort.mjs" };
  return new Response(JSON.stringify(card));
};

// What comes before the modules are there is kept for them.
const early = [];
self.onmessage = (event) => early.push(event);
import("/worker.js").then(() => early.forEach((event) => self.onmessage(event)));
