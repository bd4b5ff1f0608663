from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.study.allocation import Given, Taken, allocate, least_filled, permuted_blocks, williams
from core.study.design import Allocation, Arm, Consent, StudyDesign, Task

NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


def taken(*arms, status="live", minutes_ago=0, tasks=("arm_spot", "hand")):
    return Taken(arms, tasks, status, NOW - timedelta(minutes=minutes_ago))


def arms_of(*mosts):
    return tuple(Arm(name=f"a{i}", preset="balanced", most=most) for i, most in enumerate(mosts))


def run_through(design, leaves):
    """Sessions one after another; ``leaves`` says of each whether it is given up again at once."""
    so_far = []
    for left in leaves:
        given = allocate(design, so_far, NOW)
        if given == "full":
            break
        so_far.append(Taken(given.arms, given.tasks, "declined" if left else "completed", NOW))
    return [one for one in so_far if one.status == "completed"]


@settings(max_examples=20)
@given(st.integers(1, 6), st.integers(0, 2**32), st.lists(st.booleans(), max_size=40))
def test_least_filled_arms_never_differ_by_more_than_one(number, seed, leaves):
    design = build(arms_of(*[None] * number), Allocation(seed=seed))
    filled = Counter(one.arms[0] for one in run_through(design, leaves))
    sizes = [filled[arm.name] for arm in design.arms]
    assert max(sizes) - min(sizes) <= 1


@settings(max_examples=20)
@given(st.integers(1, 4), st.integers(1, 3), st.integers(0, 99), st.lists(st.booleans(), max_size=40))
def test_whole_blocks_hold_every_arm_equally_often(arms, times, seed, leaves):
    rule = Allocation(kind="blocks", block=arms * times, seed=seed)
    design = build(arms_of(*[None] * arms), rule)
    kept = run_through(design, leaves)
    names = [arm.name for arm in design.arms]
    expected = Counter(islice(permuted_blocks(names, arms * times, seed), len(kept)))
    assert Counter(one.arms[0] for one in kept) == expected, "places that were given up are given out again"


@pytest.mark.parametrize("number", range(1, 9))
def test_a_latin_square_is_balanced_in_place_and_in_what_follows_what(number):
    rows = williams(range(number))
    assert len(rows) == (number if number % 2 == 0 or number == 1 else 2 * number)
    assert all(sorted(row) == list(range(number)) for row in rows)
    for place in range(number):
        assert len(set(Counter(row[place] for row in rows).values())) == 1
    follows = Counter(pair for row in rows for pair in pairwise(row))
    assert len(follows) == number * (number - 1)
    assert len(set(follows.values())) <= 1


def test_the_design_s_orders_are_used_equally_often(make_design):
    rule = Allocation(kind="latin_square", tasks="balanced")
    kept = run_through(make_design(allocation=rule), [False] * 8)
    assert set(Counter(one.arms for one in kept).values()) == {4}
    assert set(Counter((one.arms, one.tasks) for one in kept).values()) == {2}


def test_tasks_are_balanced_within_each_arm(make_design):
    kept = run_through(make_design(allocation=Allocation(tasks="balanced")), [False] * 12)
    assert set(Counter((one.arms, one.tasks) for one in kept).values()) == {3}


def test_stale_starts_and_what_ended_early_fill_no_arm(make_design):
    design = make_design()
    others = [taken("coach", minutes_ago=61), *[taken("coach", status=one) for one in ("declined", "ended")]]
    given = allocate(design, [*others, taken("quiet", minutes_ago=59)], NOW)
    assert given == Given(("coach",), ("arm_spot", "hand"))
    assert allocate(design, [taken("coach", status="completed", minutes_ago=9999)], NOW).arms == ("quiet",)


def test_where_only_completed_ones_count_live_ones_fill_no_place():
    design = build(arms_of(1), Allocation(counted="completed"))
    assert allocate(design, [taken("a0")], NOW).arms == ("a0",)
    assert allocate(design, [taken("a0", status="completed")], NOW) == "full"


def test_a_full_arm_is_left_out_until_all_are_full():
    for rule in (Allocation(), Allocation(kind="blocks", block=2)):
        kept = run_through(build(arms_of(2, 5), rule), [False] * 20)
        assert Counter(one.arms[0] for one in kept) == {"a0": 2, "a1": 5}


def test_within_subjects_the_smallest_cap_counts_for_all():
    kept = run_through(build(arms_of(3, None), Allocation(kind="latin_square")), [False] * 9)
    assert len(kept) == 3


def test_a_link_names_the_arm_for_moderators(make_design):
    fixed = make_design(allocation=Allocation(kind="fixed"))
    assert allocate(fixed, [], NOW, "quiet").arms == ("quiet",)
    assert allocate(make_design(), [taken("quiet")] * 9, NOW, "quiet").arms == ("quiet",)
    assert allocate(build(arms_of(1, None), Allocation()), [taken("a0")], NOW, "a0") == "full"
    with pytest.raises(ValueError, match="names no arm"):
        allocate(fixed, [], NOW)
    with pytest.raises(ValueError, match="has not"):
        allocate(fixed, [], NOW, "loud")


def test_ties_go_by_the_seed_and_not_always_the_same_way():
    firsts = {least_filled(("a", "b", "c"), [], seed) for seed in range(30)}
    rounds = {least_filled(("a", "b", "c"), ["a", "b", "c"] * n, 1) for n in range(30)}
    assert firsts == rounds == {"a", "b", "c"}
    assert least_filled(("a", "b"), ["a"], 1) == least_filled(("a", "b"), ["a"], 1) == "b"


def build(arms, rule):
    task = Task(name="t", title={"en": "T"}, scenario={"en": "Do it."})
    return StudyDesign(
        title="x", consent=Consent(text={"en": "Yes."}), arms=arms, tasks=(task,), allocation=rule
    )
