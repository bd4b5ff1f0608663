import pytest

from core.__main__ import main


@pytest.mark.parametrize(
    ("words", "refused"),
    [
        (("bench", "live", "--streams", "0"), "0"),
        (("bench", "live", "--streams", "many"), "many"),
        (("bench", "soak", "--minutes", "inf"), "inf"),
        (("bench", "soak", "--minutes", "an hour"), "an hour"),
        (("bench", "archive", "--workers", "1", "-2"), "-2"),
        (("assess", "photos", "--workers", "1.5"), "1.5"),
    ],
)
def test_a_number_that_makes_no_sense_is_named(words, refused, capsys):
    assert main(words) == 2
    told = capsys.readouterr().err
    assert f"above 0, not {refused!r}" in told or f"or more, not {refused!r}" in told
