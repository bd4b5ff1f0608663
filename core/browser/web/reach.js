// Whether the server can be reached, and is still the same. Streamlit does not tell its components.

const EVERY_MS = 4000;
const WITHIN_MS = 3000;
const PROCESS = "retake-process";

/**
 * Watch the server, while the page is seen.
 * @param {string} address that answers whenever the server is there
 * @param {(reachable: boolean) => void} onChange called when that changes; it is taken to be there at first. Behind a proxy
 *   another one may answer from one moment to the next: then the first is called gone, and this one there
 * @returns {{reachable: () => boolean, known: () => boolean, stop: () => void}} `known`: whether it was known yet
 */
export function watchServer(address, onChange) {
  let there = true;
  let asking = false;
  let known = false;
  let process = null;
  async function ask() {
    if (asking || document.hidden) return;
    asking = true;
    let answered = false;
    let another = false;
    try {
      const answer = await fetch(address, { cache: "no-store", signal: AbortSignal.timeout(WITHIN_MS) });
      answered = answer.ok;
      const now = answered ? answer.headers.get(PROCESS) : null;
      another = Boolean(process && now && now !== process);
      process = now ?? process;
    } catch {
      // No answer is the answer.
    }
    asking = false;
    known = true;
    if (there && another) onChange(false);
    else if (answered === there) return;
    there = answered;
    onChange(there);
  }
  const timer = setInterval(ask, EVERY_MS);
  ask();
  // Streamlit lays its own message over the page the moment it loses the server: no need to wait for the timer.
  const layers = new MutationObserver(ask);
  layers.observe(document.body, { childList: true });
  for (const event of ["online", "offline"]) window.addEventListener(event, ask);
  document.addEventListener("visibilitychange", ask);
  return {
    reachable: () => there,
    known: () => known,
    stop() {
      clearInterval(timer);
      layers.disconnect();
      for (const event of ["online", "offline"]) window.removeEventListener(event, ask);
      document.removeEventListener("visibilitychange", ask);
    },
  };
}
