from core.study import planning
from core.study.planning import SIZES, enough, power_by_size


def test_the_larger_study_finds_more_and_the_first_that_finds_enough_is_named(monkeypatch):
    monkeypatch.setattr(planning, "_STUDIES", 60)
    found = power_by_size((60, 30), 0.5, 300)
    sizes, powers = zip(*found, strict=True)
    assert sizes == SIZES[: len(sizes)]
    assert powers[0] < 0.9
    assert powers[-1] >= 0.99, "larger ones are not looked at"
    size = enough(found)
    assert dict(found)[size] >= 0.8
    assert all(power < 0.8 for one, power in found if one < size)
    assert enough(((8, 0.2), (80, 0.5))) is None
