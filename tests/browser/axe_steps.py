"""axe-core looks over a page: what keeps people out of it."""

from importlib.resources import files

from playwright.sync_api import Error

AXE = (files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SEVERE = ("serious", "critical")

# What Streamlit draws and takes no say in; each is one node, and the reason stands beside it.
LEFT_OUT = ()

_RUN = """async ([tags, severe, without]) => {
  const found = await axe.run({ include: [["html"]], exclude: without }, {
    runOnly: { type: "tag", values: tags },
    resultTypes: ["violations"],
    rules: { "target-size": { enabled: true } },
  });
  const why = ({ any, all, none }) => [...any, ...all, ...none].map((check) => check.message)[0];
  const told = (id, node) =>
    `${id} at ${node.target.flat().join(" > ")}: ${node.html.slice(0, 160)} (${why(node)})`;
  return found.violations
    .filter(({ impact }) => severe.includes(impact))
    .flatMap(({ id, nodes }) => nodes.map((node) => told(id, node)));
}"""


# What fades in or out is half transparent, and rightly has too little contrast.
_AT_REST = """() =>
  (document.querySelector("[data-testid=stApp]")?.dataset.testScriptState ?? "notRunning") === "notRunning" &&
  !document.getAnimations().some((one) =>
    one.playState === "running" && one.effect?.getComputedTiming().iterations !== Infinity)"""


_FOLLOWS = """(theme) =>
  getComputedStyle(document.querySelector("[data-testid=stApp]")).colorScheme === theme"""


def findings(page):
    """What axe-core finds serious or critical in a page at rest and its frames, a sentence each."""
    page.wait_for_function(_AT_REST)
    for frame in page.frames:
        try:
            if not frame.evaluate("typeof axe === 'object'"):
                frame.evaluate(AXE)
        except Error:  # a frame that went away meanwhile
            continue
    return page.evaluate(_RUN, [TAGS, list(SEVERE), [[node] for node in LEFT_OUT]])


def in_each_theme(page):
    """What is found on a page in the light theme and in the dark one; an open page changes between them."""
    paper, found = set(), []
    for theme in ("dark", "light"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_function(_FOLLOWS, arg=theme)
        found += [f"{theme}: {finding}" for finding in findings(page)]
        paper.add(
            page.evaluate("getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor")
        )
    assert len(paper) == 2, "the page follows the theme"
    return found
