"""Files that are there whole or not at all."""

import errno
import os

import pytest

from core.new_file import create


def test_a_file_and_its_folder_are_made(tmp_path):
    create(tmp_path / "new" / "one.txt", "words")
    assert (tmp_path / "new" / "one.txt").read_text() == "words"
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["one.txt"]


def no_links(*_args, **_more):
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False])
def test_one_that_is_there_stays(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", no_links)
    create(tmp_path / "one.txt", "first")
    with pytest.raises(FileExistsError):
        create(tmp_path / "one.txt", "second")
    assert (tmp_path / "one.txt").read_text() == "first"
    assert len(list(tmp_path.iterdir())) == 1


def test_nothing_is_left_of_what_could_not_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", no_links)
    with pytest.raises(OSError, match="not permitted"):
        create(tmp_path / "one.txt", "words")
    assert not list(tmp_path.iterdir())
