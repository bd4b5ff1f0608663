"""Which part of the code may import which, held by reading the imports, lazy ones too."""

from collections.abc import Iterator

from tests.import_graph import FILES, imported, named_in

# The two halves of a camera: the component that runs in the browser, and the stream that runs on the server.
COMPONENTS = {"core.browser.component", "core.live.stream"}
# The load bench has a visitor who speaks Streamlit's protocol, and an app to compare with.
LOAD = {"core.load.visitor", "core.load.naive_app"}
BENCHES = {"core.cli.bench_load", "core.cli.bench_browser"}
# The commands that spread work over machines; the app asks Ray by what `core.runtime` holds.
DISTRIBUTED = {"core.cli.assess", "core.cli.serve_networks", "core.cli.bench_archive"}
# The command line hands these over to training, and imports it by its name when one of them is asked for.
DISPATCH = {("core.__main__", "training.cli"), ("core.__main__", "training.evaluate_cli")}
# What a serving machine need not have installed.
NOT_TO_SERVE = (
    *("torch", "torchvision", "lightning", "sklearn", "scipy"),
    *("onnx", "onnxscript", "pytorch_grad_cam"),
)
LOW = ("guidance", "quality", "lesion", "explain", "runtime")
HIGH = ("ui", "live", "browser", "designer", "reports", "text", "compare", "cli")


def within(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def arrows(*packages: str) -> Iterator[tuple[str, str]]:
    """Pairs of a module in one of the packages and a module that it imports."""
    for module in sorted(FILES):
        if within(module, *packages):
            yield from ((module, name) for name in sorted(imported(module)))


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of modules that import one another, however long the way round (Tarjan's components)."""
    order: dict[str, int] = {}
    lowest: dict[str, int] = {}
    waiting: list[str] = []
    found = []

    def visit(module: str) -> None:
        order[module] = lowest[module] = len(order)
        waiting.append(module)
        for name in graph[module]:
            if name not in order:
                visit(name)
            if name in waiting:
                lowest[module] = min(lowest[module], lowest[name])
        if lowest[module] == order[module]:
            group = waiting[waiting.index(module) :]
            del waiting[waiting.index(module) :]
            if len(group) > 1:
                found.append(sorted(group))

    for module in graph:
        if module not in order:
            visit(module)
    return found


def test_lazy_imports_and_modules_named_by_their_package_are_seen():
    source = (
        "def late():\n  from core.quality import labels\n  import streamlit.components\n  f('core.bench')"
    )
    assert named_in(source, "made up") == {"core.quality.labels", "streamlit.components", "core.bench"}
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b"}, "b": set()}) == []


def test_the_app_never_imports_training():
    found = {pair for pair in arrows("core", "pages", "app") if within(pair[1], "training")}
    assert found == DISPATCH


def test_serving_imports_nothing_that_only_training_and_gradients_need():
    outside = ("core.networks", "core.explain.gradients", "core.bench", "core.load")
    found = [pair for pair in arrows("core", "pages", "app") if within(pair[1], *NOT_TO_SERVE)]
    assert [pair for pair in found if not within(pair[0], *outside)] == [("core.study.statistics", "scipy")]


def test_streamlit_is_imported_by_pages_pieces_two_components_and_the_load_bench_alone():
    found = {module for module, name in arrows("core", "pages", "app") if within(name, "streamlit")}
    outside = {module for module in found if not within(module, "core.ui", "pages", "app")}
    assert outside == COMPONENTS | LOAD


def test_no_modules_import_each_other_in_a_circle():
    graph = {
        module: {name for name in imported(module) if name in FILES and name != module} for module in FILES
    }
    assert circles(graph) == []


def test_nothing_that_serves_imports_the_load_bench():
    found = {module for module, name in arrows("core", "pages", "app") if within(name, "core.load")}
    assert {module for module in found if not within(module, "core.load")} == BENCHES


def test_ray_is_imported_where_work_is_distributed_alone_and_the_app_imports_none_of_it():
    ray = {module for module, name in arrows("core", "pages", "app") if within(name, "ray")}
    assert {module for module in ray if not within(module, "core.distributed")} == set()
    users = {module for module, name in arrows("core", "pages", "app") if within(name, "core.distributed")}
    assert {module for module in users if not within(module, "core.distributed")} == DISTRIBUTED


def test_what_judges_and_explains_knows_nothing_of_what_shows():
    low = arrows(*(f"core.{package}" for package in LOW))
    high = [f"core.{package}" for package in HIGH]
    assert [pair for pair in low if within(pair[1], *high, "streamlit", "pages")] == []


def test_words_and_reports_know_nothing_of_the_pieces_that_show_them():
    found = arrows(
        *("core.text", "core.reports", "core.compare"),
        *("core.designer", "core.live", "core.browser", "core.study"),
    )
    assert [pair for pair in found if within(pair[1], "core.ui", "pages")] == []
