// Between Streamlit and the camera in the page. This file is handed to Streamlit as text and cannot import by
// name; everything else is published beside the network and fetched from there, once.

let opening = null;

/** @param {{data: object, parentElement: ShadowRoot, setStateValue: Function, setTriggerValue: Function}} from */
export default function ({ data, parentElement: root, setStateValue, setTriggerValue }) {
  const tell = {
    report: (report) => setStateValue("report", report),
    message: (message) => setTriggerValue("message", message),
  };
  opening ??= import(new URL(`${data.base}stage.js`, document.baseURI).href).then(({ openStage }) => openStage());
  opening.then(
    (stage) => stage.show(root, data, tell),
    (error) => {
      console.error(error);
      opening = null;
      if (data.report !== "unfit") tell.report("unfit");
    },
  );
  return () => {
    // An update may end here too; only a camera whose place left the page is turned off.
    opening?.then((stage) => stage.left(root));
  };
}
