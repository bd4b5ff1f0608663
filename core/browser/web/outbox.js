// What is on its way to Python: the events of a visit, and a photo that the person accepted. Each is kept on
// this device until Python says that it has it, so that nothing is lost with the connection, and each carries an
// id of its own, so that nothing arrives twice. A photo whose result is read stays in this page's memory as long as
// that, for a server that ends loses it.
//
// Clocks of the day are set. Whatever can be is measured by the page's own, which never goes back.

const DATABASE = "retake";
const STORE = "waiting";
const LOCK = "retake-visit-";
const MOST_ROWS = 400;
/** A message that was not answered for so long is sent again; with a photo, as long as a slow line takes for it. */
const RESEND_MS = 8000;
const SLOW_BYTES_A_MS = 100;
/** Likewise, for the first on a new connection: Streamlit drops what comes before it has found its way back. */
const FIRST_MS = 3000;
/** Waiting grows with each message that is not answered: a slow server should not begin anew with each. */
const MOST_TIMES = 8;
/** A photo that someone left behind so long ago is not sent before they are asked. */
const ASK_AFTER_MS = 3600_000;

/**
 * @typedef {object} Kept one thing that waits
 * @property {string} id
 * @property {string} visit the page load that it belongs to
 * @property {"event"|"photo"} kind
 * @property {number} at milliseconds since 1970
 * @property {number} order grows from one thing to the next
 * @property {object} [row] of an event: name, t_ms, attempt, properties, and its visit's name and when in it
 * @property {Blob} [jpeg] of a photo
 * @property {boolean} [spare] of a photo: the server had it when it was last seen, so that the person need not care
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
 * @param {(waiting: {photo: Kept|null, photos: number, rows: number, old: boolean}) => void} options.onChange `photo` is
 *   one to tell the person of, of all that wait
 */
export async function openOutbox({ send, reachable, onChange }) {
  const store = await openStore();
  const visit = crypto.randomUUID();
  // The visit as the server knows it, and when it began on this page's clock; at first the page load is one of its own.
  let known = { id: visit.replaceAll("-", ""), began: 0 };
  /** Photos that the server holds for a result that is read, and the visit in which it does. @type {Map<string, {photo: Kept, by: string}>} */
  const held = new Map();
  const before = await store.all(); // what an earlier load of the page left, also when it is sent meanwhile
  let order = before.reduce((most, one) => Math.max(most, one.order ?? 0), 0);
  // Held as long as this page lives: another tab leaves alone what is not left behind. Firefox refuses locks to a page
  // in the frame of another site's.
  navigator.locks?.request(LOCK + visit, () => new Promise(() => {})).catch((error) => console.warn(error));
  let inFlight = null;
  let proven = false; // whether this connection has answered: a photo is not sent into the blue
  let missed = 0; // messages in a row that nobody answered
  let allowed = "";
  let writing = Promise.resolve();

  // One after the other, so that a photo never overtakes the events before it.
  const then = (work) => (writing = writing.then(work, work));

  async function mine() {
    const locks = (await navigator.locks?.query().catch(() => null))?.held ?? [];
    const others = new Set(locks.map(({ name }) => name).filter((name) => name !== LOCK + visit));
    const kept = (await store.all()).filter((one) => !others.has(LOCK + one.visit));
    return kept.sort((one, other) => (one.order ?? 0) - (other.order ?? 0) || one.at - other.at);
  }

  function left(photo) {
    if (photo.visit === visit || allowed === photo.id) return false;
    const age = Date.now() - photo.at;
    return age < 0 || age > ASK_AFTER_MS; // of what a clock says to lie ahead nobody knows the age
  }

  /** How long ago an event happened: by the page's own clock where that is still the same page. */
  const ago = ({ visit: of, at, row }) => Math.max(0, of === visit ? performance.now() - row.t_ms : Date.now() - at);

  async function tell() {
    const kept = await mine();
    const photos = kept.filter((one) => one.kind === "photo");
    const photo = photos.find((one) => !(one.spare && one.visit === visit)) ?? null;
    const rows = kept.filter((one) => one.kind === "event").length;
    onChange({ photo, photos: photos.length, rows, old: !!photo && left(photo) });
  }

  const keep = (kept, id) =>
    then(async () => {
      await store.put({ id, visit, at: Date.now(), order: ++order, ...kept });
      if (kept.kind === "photo") await tell();
    });

  async function drop(ids) {
    await then(() => store.drop(ids));
    await tell();
  }

  async function restore(photos, spare) {
    if (!photos.length) return;
    for (const photo of photos) await then(() => store.put({ ...photo, spare }));
    await tell();
  }

  let flushing = null;
  // One at a time: reading a photo takes a moment, in which another reason to send may come up.
  const flush = () => (flushing ??= sendWhatWaits().finally(() => (flushing = null)));

  async function sendWhatWaits() {
    await writing;
    if (!reachable() || (inFlight && performance.now() - inFlight.at < inFlight.patience)) return;
    const kept = await mine();
    const rows = kept.filter((one) => one.kind === "event").slice(0, MOST_ROWS);
    const waiting = kept.find((one) => one.kind === "photo" && !left(one));
    if (!rows.length && !waiting) return;
    const photo = proven ? waiting : undefined;
    const message = {
      id: crypto.randomUUID(),
      // What an older version of this page kept knows its page load alone.
      events: rows.map((one) => ({
        id: one.id,
        ago_ms: ago(one),
        visit: one.visit.replaceAll("-", ""),
        visit_ms: one.row.t_ms,
        ...one.row,
      })),
      photo: photo && { id: photo.id, jpeg: await base64(photo.jpeg), ...photo.facts },
    };
    if (inFlight) missed += 1;
    const once = proven ? RESEND_MS + (photo?.jpeg.size ?? 0) / SLOW_BYTES_A_MS : FIRST_MS;
    const patience = once * Math.min(2 ** missed, MOST_TIMES);
    const sent = [...rows, ...(photo ? [photo] : [])].map(({ id }) => id);
    inFlight = { id: message.id, at: performance.now(), patience, kept: sent, photo };
    send(message);
  }

  await tell();
  return {
    /** Whether all that waits outlives the page. */
    get lasting() {
      return store.lasting;
    },
    /** Whether a message was sent that nobody has answered yet. */
    get unanswered() {
      return inFlight !== null;
    },
    /** The visit as the server knows it: its name, and how long ago it began. */
    belongsTo(id, t_ms) {
      if (id !== known.id) known = { id, began: performance.now() - t_ms };
    },
    /** The highest number of an attempt among what waits of the visit. */
    attempts: async () =>
      [...before, ...(await mine())].reduce((most, { row }) => (row?.visit === known.id ? Math.max(most, row.attempt) : most), 0),
    /** Keep one event; its id makes it count once. */
    addEvent(row) {
      const visit_ms = Math.max(0, Math.round((row.t_ms - known.began) * 10) / 10);
      return keep({ kind: "event", row: { ...row, visit: known.id, visit_ms } }, crypto.randomUUID());
    },
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
      missed = 0;
      return flush();
    },
    /** A photo left behind earlier may be sent after all. */
    allow(id) {
      allowed = id;
      return tell().then(flush);
    },
    /**
     * Python answered these messages: what they held need not wait any longer. A photo that it holds for a result stays
     * in this page's memory.
     * @param {string[]} ids
     * @param {string[]} holds the photos that Python holds for a result
     */
    async answered(ids, holds) {
      for (const [id, { photo, by }] of held) {
        if (holds.includes(id)) continue;
        held.delete(id);
        // Let go of in the same visit, it is not wanted any longer; else the server ended, and the photo with it.
        if (by !== known.id) await restore([photo], false);
      }
      if (inFlight && ids.includes(inFlight.id)) {
        const { kept, photo } = inFlight;
        inFlight = null;
        proven = true;
        missed = 0;
        if (photo && holds.includes(photo.id)) held.set(photo.id, { photo, by: known.id });
        await drop(kept);
      }
      await flush();
    },
    /** The server is away, and may have lost what it held: kept where it outlives this page, to be sent again. */
    async cutOff() {
      const photos = [...held.values()].map(({ photo }) => photo);
      held.clear();
      await restore(photos, true);
    },
    /** Forget everything that waits here. */
    async remove() {
      inFlight = null;
      held.clear();
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
