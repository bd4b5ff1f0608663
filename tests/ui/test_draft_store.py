"""Unsaved drafts in memory: under names that nobody guesses, the last used ones."""

from core.ui.draft_store import DraftStore


def store(most=2):
    drawn = iter(range(1, 50))
    return DraftStore(lambda count: bytes([next(drawn)]) * count, most)


def test_a_draft_is_found_under_its_name_and_kept_under_it_again():
    drafts = store()
    name = drafts.keep("one")
    assert len(name) == 24
    assert drafts.keep("changed", name) == name
    assert drafts.find(name) == "changed"
    assert drafts.find("another") is None


def test_the_one_that_was_used_longest_ago_goes_first():
    drafts = store()
    first, second = drafts.keep("one"), drafts.keep("two")
    assert first != second
    drafts.find(first)
    drafts.keep("three")
    assert (drafts.find(first), drafts.find(second)) == ("one", None)
