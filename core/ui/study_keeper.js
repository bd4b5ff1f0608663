// Keeps the token that opens a participant's session again: in this tab, and in the browser where the study's policy is
// to go on later. Each link has a place of its own. Without storage the browser warns before the page is left.

const state = (window.retakeStudy ??= { losing: false, listening: false });

const attempt = (what) => {
  try {
    return what() ?? "";
  } catch {
    return ""; // storage is off
  }
};

export default function ({ data, setStateValue }) {
  const key = `retake-study-${data.place}`;
  if (!state.listening) {
    state.listening = true;
    window.addEventListener("beforeunload", (event) => state.losing && event.preventDefault());
  }
  state.losing = false;
  if (data.asks) {
    const tab = attempt(() => sessionStorage.getItem(key));
    const token = tab || attempt(() => localStorage.getItem(key));
    const found = { place: data.place, token, tab: Boolean(tab) };
    // What Streamlit sends along to a server that was started anew may be older than that.
    const { heard } = data;
    if (!heard || Object.keys(found).some((name) => found[name] !== heard[name])) setStateValue("found", found);
    return;
  }
  if (data.token) {
    attempt(() => sessionStorage.setItem(key, data.token));
    state.losing = data.under_way && (!data.resumes || attempt(() => sessionStorage.getItem(key)) !== data.token);
  } else attempt(() => sessionStorage.removeItem(key));
  if (data.token && data.lasting) attempt(() => localStorage.setItem(key, data.token));
  else attempt(() => localStorage.removeItem(key));
}
