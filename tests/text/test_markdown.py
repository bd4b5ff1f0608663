import pytest

from core.text.markdown import plain


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("photo.jpg", "photo.jpg"),
        ("**bold**", r"\*\*bold\*\*"),
        ("[link](x)", r"\[link\]\(x\)"),
        (r"a\b <i> $x$ :red:", r"a\\b \<i\> \$x\$ \:red\:"),
    ],
)
def test_nothing_is_left_that_markdown_would_read(written, shown):
    assert plain(written) == shown
