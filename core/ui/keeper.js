// Keeps the visit's token in this tab, and shows it to Python when the page was loaded again. A tab's own storage ends
// with the tab, and no link carries it along. Where there is none, the browser warns before something is lost.

const KEY = "retake-visit";
const HELD = "retake-visit-held"; // whether the server held photos that nobody else has
const CONNECTED = "CONNECTED"; // as Streamlit's page says of its connection, in an attribute for tests
const state = (window.retakeKeeper ??= { losing: false, listening: false, shown: "", times: 0, tell: null });

const kept = (token) => ({ token, held: sessionStorage.getItem(HELD) === "1", times: state.times });

// Where a connection comes back, it may be to another server, which knows nothing of this page until it runs for some
// reason: show it the token.
function watchConnection() {
  const app = document.querySelector("[data-testid=stApp]");
  let before = app?.dataset.testConnectionState;
  if (!before) return;
  new MutationObserver(() => {
    const now = app.dataset.testConnectionState;
    if (now === CONNECTED && before !== CONNECTED) state.tell?.();
    before = now;
  }).observe(app, { attributeFilter: ["data-test-connection-state"] });
}

export default function ({ data, setStateValue }) {
  if (!state.listening) {
    state.listening = true;
    window.addEventListener("beforeunload", (event) => state.losing && event.preventDefault());
    watchConnection();
  }
  let lasting = true;
  state.tell = null;
  try {
    const token = sessionStorage.getItem(KEY);
    if (token && token !== data.token && token !== data.met) {
      state.shown = token; // who numbers something by its visit waits until Python has met it
      return void setStateValue("kept", kept(token));
    }
    state.tell = () => {
      state.times += 1; // else it would be no change
      setStateValue("kept", kept(data.token));
    };
    sessionStorage.setItem(KEY, data.token);
    sessionStorage.setItem(HELD, data.alone ? "1" : "0");
  } catch {
    lasting = false;
  }
  state.losing = data.holds && !lasting;
}
