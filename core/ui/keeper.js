// Keeps the visit's token in this tab, and shows it to Python when the page was loaded again. A tab's own storage ends
// with the tab, and no link carries it along. Where there is none, the browser warns before something is lost.

const KEY = "retake-visit";
const HELD = "retake-visit-held"; // whether the server held photos that nobody else has
const state = (window.retakeKeeper ??= { losing: false, listening: false, shown: "" });

export default function ({ data, setStateValue }) {
  if (!state.listening) {
    state.listening = true;
    window.addEventListener("beforeunload", (event) => state.losing && event.preventDefault());
  }
  let lasting = true;
  try {
    const kept = sessionStorage.getItem(KEY);
    if (kept && kept !== data.token && kept !== data.met) {
      state.shown = kept; // who numbers something by its visit waits until Python has met it
      return void setStateValue("kept", { token: kept, held: sessionStorage.getItem(HELD) === "1" });
    }
    sessionStorage.setItem(KEY, data.token);
    sessionStorage.setItem(HELD, data.alone ? "1" : "0");
  } catch {
    lasting = false;
  }
  state.losing = data.holds && !lasting;
}
