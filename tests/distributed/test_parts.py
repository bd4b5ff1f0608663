import json

import pytest

from core.distributed.parts import MADE_WITH, OtherAnswersError, answered, claim, next_part


def line(path, code=None):
    return json.dumps({"path": path, **({"error": {"code": code}} if code else {"passes": True})})


def test_what_a_broken_off_run_wrote_counts_and_its_torn_last_line_does_not(tmp_path):
    claim(tmp_path, {})
    next_part(tmp_path).write_text(f"{line('a.jpg')}\n{line('b.jpg')}\n{line('c.jpg')[:-9]}")
    assert answered(tmp_path) == {"a.jpg", "b.jpg"}
    assert next_part(tmp_path).name == "part-00002.jsonl"


def test_a_torn_letter_and_lines_of_something_else_are_passed_over(tmp_path):
    odd = b'\n[1]\n{"path": 3}\n{"path": "\xc3'
    (tmp_path / "part-00001.jsonl").write_bytes(line("a.jpg").encode() + odd)
    (tmp_path / "notes.jsonl").write_text(line("not one of ours"))
    assert answered(tmp_path) == {"a.jpg"}


def test_a_damaged_photo_is_answered_and_one_that_could_not_be_read_is_tried_again(tmp_path):
    (tmp_path / "part-00001.jsonl").write_text(f"{line('a.jpg', 'corrupt')}\n{line('b.jpg', 'unreadable')}\n")
    assert answered(tmp_path) == {"a.jpg"}
    (tmp_path / "part-00002.jsonl").write_text(line("b.jpg") + "\n")
    assert answered(tmp_path) == {"a.jpg", "b.jpg"}


def test_a_path_that_is_no_unicode_is_known_again(tmp_path):
    odd = b"caf\xe9.jpg".decode("utf-8", "surrogateescape")
    (tmp_path / "part-00001.jsonl").write_text(line(odd) + "\n")
    assert answered(tmp_path) == {odd}


def test_parts_are_counted_past_a_hundred_thousand_and_gaps(tmp_path):
    for number in (3, 100_000):
        (tmp_path / f"part-{number:05d}.jsonl").touch()
    assert next_part(tmp_path).name == "part-100001.jsonl"


def test_a_folder_holds_answers_of_one_kind(tmp_path):
    claim(tmp_path / "out", {"assessor": "imageqx", "preset": {"name": "strict"}})
    claim(tmp_path / "out", {"preset": {"name": "strict"}, "assessor": "imageqx"})
    with pytest.raises(OtherAnswersError, match=f"out holds answers of another.*{MADE_WITH}"):
        claim(tmp_path / "out", {"assessor": "imageqx", "preset": {"name": "balanced"}})
