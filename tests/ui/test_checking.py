import pytest

from core.ui.checking import guarded


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_cells_that_could_be_formulas_are_guarded(cell):
    assert guarded(cell) == "'" + cell


@pytest.mark.parametrize("cell", ["mole.jpg", "", "a=b", 0.5, True, None])
def test_other_cells_stay_as_they_are(cell):
    assert guarded(cell) == cell
