// A camera that a test turns: put before the page's own scripts. window.camera says what it shows and what it can do.
(picture) => {
  const shown = new Image();
  shown.src = picture;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [640, 480];
  const context = canvas.getContext("2d");
  const camera = { dark: false, darkStills: false, fail: "", can: {}, facing: undefined, applied: [], opened: [], track: null };
  // Held still: a frame that shows what the last one showed is not judged anew, which leaves the processor to others.
  // `shake`: how many pixels the picture jumps each time; `blur` (0-1): a mark that the checker of tests reads it from.
  Object.assign(camera, { shake: 0, blur: null });
  camera.devices = [{ kind: "videoinput", deviceId: "one", label: "" }];
  window.camera = camera;
  let turn = 0;
  function paint() {
    turn += 1;
    context.drawImage(shown, camera.shake * (turn % 5), 0, 640, 480);
    context.fillStyle = `rgb(0 0 0 / ${camera.dark ? 0.88 : 0})`;
    context.fillRect(0, 0, 640, 480);
    context.fillStyle = `rgb(${turn % 256} 128 128)`; // no two frames alike
    context.fillRect(0, 0, 4, 4);
    if (camera.blur === null) return;
    context.fillStyle = `rgb(0 ${255 * camera.blur} 255)`;
    context.fillRect(600, 0, 40, 30);
  }
  setInterval(paint, 80);
  window.ImageCapture = class {
    async takePhoto() {
      const before = camera.dark;
      camera.dark ||= camera.darkStills;
      paint();
      const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.95));
      camera.dark = before;
      return blob;
    }
  };
  const devices = navigator.mediaDevices;
  devices.enumerateDevices = async () => camera.devices;
  devices.getUserMedia = async ({ video }) => {
    camera.opened.push(video);
    if (camera.fail) throw new DOMException("as the test asked", camera.fail);
    const stream = canvas.captureStream(12);
    const [track] = stream.getVideoTracks();
    const deviceId = video.deviceId?.exact ?? "one";
    track.getCapabilities = () => camera.can;
    track.getSettings = () => ({ width: 640, height: 480, facingMode: camera.facing, deviceId });
    track.applyConstraints = async (wanted) => void camera.applied.push(wanted);
    camera.track = track;
    return stream;
  };
}
