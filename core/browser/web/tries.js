// @ts-check
// The tries of this visit that were not used, as small pictures with what was wrong; and the first of them beside the
// photo that was. They are in this page's memory and nowhere else.

/**
 * @typedef {{url: string, advice: string}} Tried
 */

const MOST = 6;

/** The refused tries at one photo, oldest first. */
export class Tries {
  /** @type {Tried[]} */
  #all = [];
  #kept = "";

  /** Those to show: the newest few. @returns {{number: number, tried: Tried}[]} */
  get shown() {
    return this.#all.map((tried, place) => ({ number: place + 1, tried })).slice(-MOST);
  }

  /** The first try and the photo that was used, as addresses; null where there is nothing to compare. */
  get beforeAndAfter() {
    return this.#kept && this.#all.length ? { before: this.#all[0], after: this.#kept } : null;
  }

  /** @param {Blob} jpeg @param {string} advice what was wrong with it, as it was said */
  refused(jpeg, advice) {
    this.#all.push({ url: URL.createObjectURL(jpeg), advice });
  }

  /** @param {Blob} jpeg the photo that is used after all */
  used(jpeg) {
    this.#kept = URL.createObjectURL(jpeg);
  }

  /** Forget them all: a new photo begins. */
  forget() {
    for (const { url } of this.#all) URL.revokeObjectURL(url);
    if (this.#kept) URL.revokeObjectURL(this.#kept);
    this.#all = [];
    this.#kept = "";
  }
}

/**
 * @param {HTMLElement} place an `<ol class="tries">`
 * @param {Tries} tries
 * @param {{tries: string, tried: string}} words
 */
export function drawTries(place, tries, words) {
  const { shown } = tries;
  place.hidden = !shown.length;
  const last = shown.at(-1)?.tried.url ?? "";
  if (place.dataset.last === last) return;
  place.dataset.last = last;
  place.setAttribute("aria-label", words.tries);
  place.replaceChildren(
    ...shown.map(({ number, tried }) => {
      const item = document.createElement("li");
      item.append(picture(tried.url, words.tried.replace("{number}", String(number))), caption(`${number}. ${tried.advice}`));
      return item;
    }),
  );
}

/**
 * @param {HTMLElement} place a `<section class="compare">`
 * @param {Tries} tries
 * @param {boolean} wanted whether the result is on the page
 * @param {{compare: string, before: string, after: string}} words
 */
export function drawComparison(place, tries, wanted, words) {
  const both = wanted ? tries.beforeAndAfter : null;
  place.hidden = !both;
  if (!both || place.dataset.after === both.after) return;
  place.dataset.after = both.after;
  const title = document.createElement("h2");
  title.textContent = words.compare;
  const figures = [
    [both.before.url, `${words.before}: ${both.before.advice}`],
    [both.after, words.after],
  ].map(([url, caption]) => {
    const figure = document.createElement("figure");
    const under = document.createElement("figcaption");
    under.textContent = caption;
    figure.append(picture(url, ""), under); // the words below it are its name
    return figure;
  });
  place.replaceChildren(title, ...figures);
}

/** @param {string} url @param {string} alt */
function picture(url, alt) {
  const made = document.createElement("img");
  made.src = url;
  made.alt = alt;
  return made;
}

/** @param {string} text */
function caption(text) {
  const made = document.createElement("span");
  made.textContent = text;
  return made;
}
