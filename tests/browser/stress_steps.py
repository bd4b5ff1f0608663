"""Looks over a page for what small screens, large letters, long words and forced colours would break."""

import re

from core.pseudo_locale import CLOSE, OPEN

# Every element, those of shadow trees too, as far as it is drawn.
_EVERY = """const every = (root) => [...root.querySelectorAll("*")]
  .flatMap((one) => [one, ...(one.shadowRoot ? every(one.shadowRoot) : [])]);
const drawn = (one) => one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
// For screen readers alone: one pixel, on purpose.
const unseen = (one) => (({ width, height }) => width <= 1 || height <= 1)(one.getBoundingClientRect());
const closest = (one, what) => one.closest(what) ??
  (one.getRootNode().host ? closest(one.getRootNode().host, what) : null);
const told = (one) => `<${one.tagName.toLowerCase()} class="${String(one.className).slice(0, 60)}"> ` +
  (one.innerText ?? one.textContent).trim().replace(/\\s+/g, " ").slice(0, 70);"""

# Moved along sideways in frames of their own, by finger and by keyboard: WCAG 1.4.10 excepts what needs two
# dimensions.
SIDEWAYS = (
    ".ev-scroll",  # tables of figures
    "[data-testid=stDataFrame]",
    "[data-testid=stCode]",
    "pre",
)

# The row of pages, in languages with longer words; on screens narrower than this it has two rows instead.
ROW, ROWS_BELOW = ".st-key-rt-nav", 360

CLIPPED = f"""(sideways) => {{ {_EVERY}
  const found = [];
  for (const one of every(document.body)) {{
    if (!drawn(one) || unseen(one) || !(one.innerText ?? one.textContent).trim()) continue;
    const style = getComputedStyle(one);
    const wide = one.scrollWidth > one.clientWidth + 1, high = one.scrollHeight > one.clientHeight + 1;
    const [x, y] = [style.overflowX, style.overflowY];
    const frame = sideways.some((what) => closest(one, what));
    if (wide && ["auto", "scroll"].includes(x) && !frame) found.push("scrolls sideways: " + told(one));
    if (wide && ["hidden", "clip"].includes(x) && !frame) found.push("cut off at its side: " + told(one));
    if (high && ["hidden", "clip"].includes(y) && !frame) found.push("cut off below: " + told(one));
  }}
  const page = document.documentElement;
  if (page.scrollWidth > page.clientWidth) found.push("the page scrolls sideways");
  return found;
}}"""

CONTROLS = "button, input, select, textarea, summary, a[href], " + ", ".join(
    f"[role={role}]" for role in ("button", "radio", "checkbox", "switch", "tab", "combobox", "slider")
)

# A control has an edge of its own, or of what it stands in or holds. Links are told by their colour and line;
# of a help button the sign alone is drawn, in any colours.
EDGELESS = f"""(controls) => {{ {_EVERY}
  const edge = (one) => {{
    const style = getComputedStyle(one);
    const sides = ["Top", "Bottom", "Left", "Right"].some((side) =>
      style[`border${{side}}Style`] !== "none" && parseFloat(style[`border${{side}}Width`]) >= 1 &&
      style[`border${{side}}Color`] !== "rgba(0, 0, 0, 0)");
    return sides || (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1);
  }};
  return every(document.body)
    .filter((one) => one.matches(controls) && drawn(one))
    .filter((one) => ![one, one.parentElement].some((near) => near && unseen(near)))
    .filter((one) => !one.matches("a[href], [data-testid=stTooltipHoverTarget] *"))
    .filter((one) => ![one, one.parentElement, one.parentElement?.parentElement, ...one.querySelectorAll("*")]
      .some((near) => near && edge(near)))
    .map(told);
}}"""

MOVING = f"""() => {{ {_EVERY}
  const seconds = (list) => Math.max(...list.split(",").map(parseFloat));
  return [...new Set(every(document).flatMap((one) => ["", "::before", "::after"].flatMap((part) => {{
    const style = getComputedStyle(one, part || null);
    const moves = seconds(style.transitionDuration) > 0.001 ||
      (style.animationName !== "none" && seconds(style.animationDuration) > 0.001);
    return moves ? [told(one) + part] : [];
  }})))];
}}"""

# The words of a page in its order, those of attributes after them; icons are words to their font alone.
WORDS = f"""() => {{ {_EVERY}
  const icon = (one) => one.matches("style, script, noscript") ||
    getComputedStyle(one).fontFamily.includes("Material");
  const texts = [];
  const walk = (node) => {{
    for (const one of node.childNodes) {{
      if (one.nodeType === 3) texts.push(one.data);
      else if (one.nodeType === 1 && !icon(one) && one.checkVisibility()) {{
        texts.push("\\n");
        if (one.shadowRoot) walk(one.shadowRoot);
        walk(one);
      }}
    }}
  }};
  walk(document.body);
  for (const one of every(document.body)) {{
    if (!drawn(one)) continue;
    for (const name of ["aria-label", "alt", "placeholder", "title"]) {{
      texts.push("\\n", one.getAttribute(name) ?? "");
    }}
  }}
  return texts.join("");
}}"""


# Alike in its looks though one is chosen and the other is not: pairs of neighbours of the same kind.
ALIKE = f"""() => {{ {_EVERY}
  const seen = ["borderTopStyle", "borderTopWidth", "borderTopColor", "outlineStyle", "outlineColor",
    "backgroundColor", "color", "fill", "stroke"];
  const looks = (one) => [one, ...one.querySelectorAll("*")]
    .map((part) => seen.map((name) => getComputedStyle(part)[name]).join()).slice(0, 3).join("|");
  const chosen = "[aria-checked=true], [aria-selected=true], [aria-pressed=true]";
  return every(document.body).filter((one) => one.matches(chosen) && drawn(one)).flatMap((one) => {{
    const others = [...one.parentElement.children].filter((near) =>
      near !== one && near.getAttribute("role") === one.getAttribute("role") && !near.matches(chosen));
    return others.length && others.every((near) => looks(near) === looks(one)) ? [told(one)] : [];
  }});
}}"""


def clipped(page):
    """What is cut off, or scrolls sideways and should not, at the page's present size."""
    narrow = page.viewport_size["width"] < ROWS_BELOW
    return page.evaluate(CLIPPED, [*SIDEWAYS, *(() if narrow else (ROW,))])


def lost_in_forced_colours(page):
    """Controls that nothing sets apart from the words around them, and choices that nothing tells apart."""
    page.emulate_media(forced_colors="active")
    found = [*page.evaluate(EDGELESS, CONTROLS), *page.evaluate(ALIKE)]
    page.emulate_media(forced_colors="none")
    return found


def moving(page):
    """What would still move for more than a millisecond for somebody who asked for less motion."""
    page.emulate_media(reduced_motion="reduce")
    found = page.evaluate(MOVING)
    page.emulate_media(reduced_motion="no-preference")
    return found


def unmarked(page):
    """Words that a page shows outside of the made-up language's marks, in its order."""
    left, depth = [], 0
    for letter in page.evaluate(WORDS):
        depth += letter == OPEN
        left.append(" " if depth else letter)
        depth -= letter == CLOSE
    return re.findall(r"[^\W\d_][\w'-]+", "".join(left))
