// What is on its way to Python: the events of a visit, and a photo that the person accepted. Each is kept on
// this device until Python says that it has it, so that nothing is lost with the connection, and each carries an
// id of its own, so that nothing arrives twice.

const DATABASE = "retake";
const STORE = "waiting";
const LOCK = "retake-visit-";
const MOST_ROWS = 400;
/** A message that was not answered for so long is sent again; with a photo, as long as a slow line takes for it. */
const RESEND_MS = 8000;
const SLOW_BYTES_A_MS = 100;
/** Likewise, for the first on a new connection: Streamlit drops what comes before it has found its way back. */
const FIRST_MS = 3000;
/** A photo that someone left behind so long ago is not sent before they are asked. */
const ASK_AFTER_MS = 3600_000;

/**
 * @typedef {object} Kept one thing that waits
 * @property {string} id
 * @property {string} visit the page load that it belongs to
 * @property {"event"|"photo"} kind
 * @property {number} at milliseconds since 1970
 * @property {object} [row] of an event: name, t_ms, attempt, properties
 * @property {Blob} [jpeg] of a photo
 * @property {object} [facts] of a photo: attempt, overridden, practising
 */

/**
 * Where things wait: IndexedDB, or this page's memory where the browser has none, or has it and refuses to keep
 * something in it, as when the disk is full.
 */
async function openStore() {
  const memory = new Map();
  let database = null;
  try {
    database = await promised(
      Object.assign(indexedDB.open(DATABASE, 1), {
        onupgradeneeded: ({ target }) => target.result.createObjectStore(STORE, { keyPath: "id" }),
      }),
    );
  } catch (error) {
    console.warn("This browser keeps nothing:", error);
  }
  const store = (mode) => database.transaction(STORE, mode).objectStore(STORE);
  const kept = async () => (database ? (await promised(store("readonly").getAll()).catch(() => [])).map(whole) : []);
  return {
    /** Whether all that waits outlives the page. */
    get lasting() {
      return Boolean(database) && memory.size === 0;
    },
    all: async () => [...(await kept()), ...memory.values()],
    async put(one) {
      try {
        if (!database) throw new Error("no database");
        const bytes = one.jpeg && (await one.jpeg.arrayBuffer());
        await finished(store("readwrite"), (open) => open.put(bytes ? { ...one, jpeg: bytes } : one));
      } catch {
        memory.set(one.id, one);
      }
    },
    async drop(ids) {
      ids.forEach((id) => memory.delete(id));
      if (database) await finished(store("readwrite"), (open) => ids.forEach((id) => open.delete(id)));
    },
  };
}

// Bytes are stored, since not every browser keeps blobs.
const whole = (one) => (one.jpeg ? { ...one, jpeg: new Blob([one.jpeg], { type: "image/jpeg" }) } : one);

const promised = (request) =>
  new Promise((done, fail) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });

function finished(store, work) {
  work(store);
  return new Promise((done, fail) => {
    store.transaction.oncomplete = () => done();
    store.transaction.onerror = store.transaction.onabort = () => fail(store.transaction.error);
  });
}

/**
 * @param {object} options
 * @param {(message: object) => void} options.send hands a message to Streamlit, which may drop it
 * @param {() => boolean} options.reachable whether the server answers
 * @param {(waiting: {photo: Kept|null, rows: number, old: boolean}) => void} options.onChange
 */
export async function openOutbox({ send, reachable, onChange }) {
  const store = await openStore();
  const visit = crypto.randomUUID();
  // Held as long as this page lives: another tab leaves alone what is not left behind.
  navigator.locks?.request(LOCK + visit, () => new Promise(() => {}));
  let inFlight = null;
  let proven = false; // whether this connection has answered: a photo is not sent into the blue
  let allowed = "";
  let writing = Promise.resolve();

  // One after the other, so that a photo never overtakes the events before it.
  const then = (work) => (writing = writing.then(work, work));

  async function mine() {
    const held = (await navigator.locks?.query())?.held ?? [];
    const others = new Set(held.map(({ name }) => name).filter((name) => name !== LOCK + visit));
    const kept = (await store.all()).filter((one) => !others.has(LOCK + one.visit));
    return kept.sort((one, other) => one.at - other.at || one.row?.t_ms - other.row?.t_ms || 0);
  }

  const left = (photo) => photo.visit !== visit && Date.now() - photo.at > ASK_AFTER_MS && allowed !== photo.id;

  async function tell() {
    const kept = await mine();
    const photo = kept.find((one) => one.kind === "photo") ?? null;
    onChange({ photo, rows: kept.filter((one) => one.kind === "event").length, old: !!photo && left(photo) });
  }

  const keep = (kept, id) =>
    then(async () => {
      await store.put({ id, visit, at: Date.now(), ...kept });
      if (kept.kind === "photo") await tell();
    });

  async function drop(ids) {
    await then(() => store.drop(ids));
    await tell();
  }

  let flushing = null;
  // One at a time: reading a photo takes a moment, in which another reason to send may come up.
  const flush = () => (flushing ??= sendWhatWaits().finally(() => (flushing = null)));

  async function sendWhatWaits() {
    await writing;
    if (!reachable() || (inFlight && Date.now() - inFlight.at < inFlight.patience)) return;
    const kept = await mine();
    const rows = kept.filter((one) => one.kind === "event").slice(0, MOST_ROWS);
    const waiting = kept.find((one) => one.kind === "photo" && !left(one));
    if (!rows.length && !waiting) return;
    const photo = proven ? waiting : undefined;
    const now = Date.now();
    const message = {
      id: crypto.randomUUID(),
      events: rows.map(({ id, at, row }) => ({ id, ago_ms: Math.max(0, now - at), ...row })),
      photo: photo && { id: photo.id, jpeg: await base64(photo.jpeg), ...photo.facts },
    };
    const patience = proven ? RESEND_MS + (photo?.jpeg.size ?? 0) / SLOW_BYTES_A_MS : FIRST_MS;
    const sent = [...rows, ...(photo ? [photo] : [])].map(({ id }) => id);
    inFlight = { id: message.id, at: Date.now(), patience, kept: sent };
    send(message);
  }

  await tell();
  return {
    /** Whether all that waits outlives the page. */
    get lasting() {
      return store.lasting;
    },
    /** Keep one event; its id makes it count once. */
    addEvent: (row) => keep({ kind: "event", row }, crypto.randomUUID()),
    /** Keep a photo that the person accepted. */
    addPhoto(jpeg, facts) {
      // What waits should not be cleared away when the disk fills up. Some browsers ask the person: not without need.
      if (!reachable()) navigator.storage?.persist?.().catch(() => {});
      return keep({ kind: "photo", jpeg, facts }, crypto.randomUUID());
    },
    /** Send what waits, unless a message is still unanswered. */
    flush,
    /** Send what waits whatever was sent before: the connection is a new one. */
    again() {
      inFlight = null;
      proven = false;
      return flush();
    },
    /** A photo left behind earlier may be sent after all. */
    allow(id) {
      allowed = id;
      return tell().then(flush);
    },
    /** Python answered these messages: what they held need not wait any longer. */
    async answered(ids) {
      if (!inFlight || !ids.includes(inFlight.id)) return;
      const { kept } = inFlight;
      inFlight = null;
      proven = true;
      await drop(kept);
      await flush();
    },
    /** Forget everything that waits here. */
    async remove() {
      inFlight = null;
      await drop((await mine()).map(({ id }) => id));
    },
  };
}

async function base64(blob) {
  const address = await new Promise((done, fail) => {
    const reader = new FileReader();
    reader.onload = () => done(/** @type {string} */ (reader.result));
    reader.onerror = () => fail(reader.error);
    reader.readAsDataURL(blob);
  });
  return address.slice(address.indexOf(",") + 1);
}
