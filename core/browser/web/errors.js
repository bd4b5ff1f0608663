// @ts-check

/**
 * Why pictures cannot be checked here: "network" (it could not be downloaded), "unsupported" (this browser lacks
 * something) or "runtime" (it broke). The message is for the console; what a person reads is chosen by the code.
 */
export class EngineError extends Error {
  /** @param {"network" | "unsupported" | "runtime"} code @param {string} message */
  constructor(code, message) {
    super(message);
    this.name = "EngineError";
    this.code = code;
  }
}
