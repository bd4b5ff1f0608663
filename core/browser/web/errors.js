// @ts-check

/**
 * Why pictures cannot be checked here: "network" (it could not be downloaded), "altered" (what came is not what was
 * published), "unsupported" (this browser lacks something) or "runtime" (it broke). The message is for the console; what a person reads is chosen by the code.
 */
export class EngineError extends Error {
  /** @param {"network" | "altered" | "unsupported" | "runtime"} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = "EngineError";
    this.code = code;
  }
}
