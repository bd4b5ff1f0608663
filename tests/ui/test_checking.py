import pytest

from core.ui.checking import gives_camera


@pytest.mark.parametrize(
    ("address", "given"),
    [
        ("https://192.168.0.7:8501/check", True),
        ("http://localhost:8501/", True),
        ("http://127.0.0.1:8501/", True),
        ("http://[::1]:8501/", True),
        ("http://192.168.0.7:8501/check", False),
        ("http://my-laptop.local/", False),
        (None, True),
    ],
)
def test_the_camera_is_offered_where_browsers_give_it(address, given):
    assert gives_camera(address) is given
