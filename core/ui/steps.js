// The step in the page's address. Python says which it is; only Back and Forward say something to Python, counted, so
// that a run that began before they were pressed does not undo them.

const NAME = "step";
const state = (window.retakeSteps ??= { times: 0, tell: null, last: {}, listening: false });

const here = () => new URL(location.href).searchParams.get(NAME) ?? "";

function address(step) {
  const url = new URL(location.href);
  if (step) url.searchParams.set(NAME, step);
  else url.searchParams.delete(NAME);
  return url;
}

export default function ({ data, setStateValue }) {
  const tell = (went) => setStateValue("went", went);
  state.tell = tell;
  if (!state.listening) {
    state.listening = true;
    window.addEventListener("popstate", () => state.tell?.({ times: ++state.times, step: here() }));
  }
  state.times = Math.max(state.times, data.times);
  const { last } = state;
  if (data.times === state.times) {
    const moved = data.visit === last.visit && data.times === last.times && data.step !== last.step;
    if (here() !== data.step) {
      const way = data.push && moved && data.step ? "pushState" : "replaceState";
      history[way](history.state, "", address(data.step));
    }
    state.last = data;
  }
  return () => {
    if (state.tell === tell) state.tell = null;
  };
}
