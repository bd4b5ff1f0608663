// Why a browser gives no camera, in the words of core/live/trouble.py.

// What getUserMedia's errors (by their standard names) mean to a person.
export const REFUSALS = {
  NotAllowedError: "denied",
  SecurityError: "denied",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

/** Why this page can have no camera at all: "insecure", "unsupported", or null. */
export function noCameraHere() {
  if (!window.isSecureContext) return "insecure";
  return navigator.mediaDevices?.getUserMedia ? null : "unsupported";
}

/** What the browser says of its camera before anyone asks for a picture: "denied", "missing", or null. */
export async function noCameraNow() {
  try {
    const permission = await navigator.permissions.query({ name: "camera" });
    if (permission.state === "denied") return "denied";
  } catch {
    // Not every browser tells.
  }
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.some((device) => device.kind === "videoinput") ? null : "missing";
}
