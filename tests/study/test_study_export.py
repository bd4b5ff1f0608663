import csv
import io
import json
import zipfile
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from core.study.demo import demo_study
from core.study.export import files_of, slug, write_all, zip_of
from core.study.export_tables import tables_of
from core.study.methods import methods_paragraph
from core.study.psych_ds import check
from core.study.records import NoteRecord
from tests.study.made_up_study import answer, made_up_data, made_up_events, made_up_session


def rows_of(content):
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


@pytest.fixture(scope="module")
def small():
    events = made_up_events(
        [
            (0, "task_started", {"arm": "coached"}),
            (10, "camera_started", {}, {"source": "live", "attempt": 1}),
            (90, "photo_accepted", {"overridden": False}, {"source": "live", "attempt": 1}),
            (99, "task_completed"),
        ]
    )
    answers = [answer("comment", "=HYPERLINK(1)", "comments"), answer("seq", 6, "seq", task="arm_spot")]
    session = made_up_session(panel={"PROLIFIC_PID": "5f00secret"})
    whole = made_up_data([session], events, answers)
    return replace(whole, notes=(NoteRecord("s1", 5.0, "mark", "-note", "ann"),))


@pytest.fixture(scope="module")
def files(small):
    return files_of(small)


def test_the_same_data_give_the_same_bytes(small, files):
    assert files_of(small) == files
    assert zip_of(small) == zip_of(small)
    with zipfile.ZipFile(io.BytesIO(zip_of(small))) as archive:
        assert [name.removeprefix("study-study/") for name in archive.namelist()] == list(files)


def test_every_column_is_described_once_and_every_row_is_as_long(small):
    for table in tables_of(small):
        assert len(set(table.head)) == len(table.head)
        assert all(len(row) == len(table.head) for row in table.rows)
        assert all(column.description for column in table.columns)


def test_csv_and_parquet_hold_the_same(small, files):
    for table in tables_of(small):
        told = rows_of(files[f"data/study-study_description-{table.name}_data.csv"])
        kept = pq.read_table(io.BytesIO(files[f"products/{table.name}.parquet"])).to_pylist()
        assert [tuple(row.values()) for row in kept] == list(table.rows)
        assert len(told) == len(table.rows)
        assert not told or tuple(told[0]) == table.head


def test_one_row_a_task_a_participant_an_answer_and_a_score(files):
    [task] = rows_of(files["data/study-study_description-tasks_data.csv"])
    assert (task["condition_id"], task["ending"]) == ("coached", "completed")
    assert (task["time_to_accepted_photo_ms"], task["time_to_accepted_photo_reached"]) == ("90.0", "True")
    assert (task["time_to_first_pass_ms"], task["time_to_first_pass_reached"]) == ("89.0", "False")
    [person] = rows_of(files["data/study-study_description-participants_data.csv"])
    assert (person["participant_id"], person["tasks_completed"]) == ("p-s1", "1")
    [score] = rows_of(files["data/study-study_description-scores_data.csv"])
    assert (score["questionnaire"], score["score"]) == ("seq", "6.0")


def test_no_cell_runs_as_a_formula_and_no_panel_parameter_is_in_it(small, files):
    comment = rows_of(files["data/study-study_description-answers_data.csv"])[0]
    assert comment["answer"] == "'=HYPERLINK(1)"
    assert rows_of(files["data/study-study_description-notes_data.csv"])[0]["note"] == "'-note"
    assert all(b"5f00secret" not in content for content in files.values())
    assert b"5f00secret" not in zip_of(small)


def test_events_as_json_lines_are_the_rows(small, files):
    lines = files["products/events.jsonl"].decode().splitlines()
    assert [json.loads(line) for line in lines] == [event.model_dump(mode="json") for event in small.events]


def test_the_folder_keeps_the_rules_of_psych_ds(small, tmp_path):
    written = write_all(small, tmp_path)
    assert all(path.is_file() for path in written)
    assert check(tmp_path) == ()


def broken(folder, name, content):
    (folder / name).write_text(content, encoding="utf-8")
    return [one.split(":")[0] for one in check(folder)]


def test_what_breaks_psych_ds_is_named(small, tmp_path):
    assert check(tmp_path)[0].startswith("MISSING_DATASET_DESCRIPTION")
    write_all(small, tmp_path)
    assert broken(tmp_path, "data/Answers.csv", "a\n1\n") == ["FILENAME_KEYWORD_FORMATTING_ERROR"]
    (tmp_path / "data/Answers.csv").unlink()
    extra = "data/study-1_data.csv"
    assert broken(tmp_path, extra, "") == ["FILE_EMPTY"]
    assert broken(tmp_path, extra, "seq,seq\n1,2\n") == ["CSV_HEADER_REPEATED"]
    assert broken(tmp_path, extra, "seq\n1,2\n") == ["CSV_HEADER_LINE_MISMATCH"]
    assert broken(tmp_path, extra, "colour\n1\n") == ["CSV_COLUMN_MISSING_FROM_METADATA"]
    assert broken(tmp_path, extra, "seq\n1\n") == []
    assert "REQUIRED_FIELD" in broken(tmp_path, "dataset_description.json", "{}")
    assert broken(tmp_path, "dataset_description.json", "[") == ["JSON_INVALID"]


def test_the_crate_describes_every_file(files):
    graph = {one["@id"]: one for one in json.loads(files["ro-crate-metadata.json"])["@graph"]}
    parts = {part["@id"] for part in graph["./"]["hasPart"]}
    assert parts == set(files) - {"ro-crate-metadata.json"}
    assert parts <= set(graph)
    assert {"name", "description", "datePublished", "license"} <= set(graph["./"])
    assert graph["ro-crate-metadata.json"]["about"] == {"@id": "./"}


def test_a_study_without_anybody_can_be_exported(tmp_path):
    write_all(made_up_data([]), tmp_path)
    assert check(tmp_path) == ()
    assert slug("../x y") == "xy"
    assert slug("--") == "study"


def test_the_methods_paragraph_says_what_was_done():
    data = demo_study()
    told = methods_paragraph(data)
    for part in (
        "Of 43 sessions that were begun, 40 were analysed (2 declined or left before agreeing, 1 withdrew).",
        "held from 2026-11-02 to 2026-11-03; 1 that broke off before the end included. "
        "By condition: plain 20, coached 20.",
        "simulated",
        "between subjects: plain (prompts 'quiet'",
        "2 tasks",
        "Brooke",
        "time to accepted photo",
        "permutation log-rank",
        data.designs[1].hash,
    ):
        assert part in told
    assert "Holm" not in told
    assert "SHA-256, were" not in told


def test_the_methods_paragraph_names_the_files_that_participants_met(small):
    def met(**files):
        start, *others = small.events
        started = start.model_copy(update={"variant": "coached", "properties": {"preset": "coach@1"} | files})
        return replace(small, events=(started, *others))

    first = met(preset_sha256="a" * 64, network_sha256="b" * 64, device="phone")
    assert "Devices, as browsers tell them: phone 1." in methods_paragraph(first)
    participants = next(table for table in tables_of(first) if table.name == "participants")
    assert participants.rows[0][participants.head.index("device")] == "phone"
    told = "coached: coach@1 (prompts aaaaaaaaaaaa, network bbbbbbbbbbbb)"
    assert f"were {told}." in methods_paragraph(first)
    other = met(preset_sha256="c" * 64).events[0].model_copy(update={"session_id": "s2", "event_id": "s2-0"})
    changed = methods_paragraph(replace(first, events=(*first.events, other)))
    assert f"{told} and coach@1 (prompts cccccccccccc). NOTE: these files changed" in changed


def test_the_methods_paragraph_counts_who_was_deleted_and_who_never_began():
    sessions = [
        made_up_session("a"),
        made_up_session("b", status="ended"),
        made_up_session("c", status="live"),
    ]
    data = made_up_data(sessions, made_up_events([(0, "task_started")], "a"))
    told = methods_paragraph(replace(data, deleted={"withdrawn": 2, "asked": 1, "expired": 5}))
    assert "Of 6 sessions that were begun, 1 were analysed" in told
    for part in (
        "2 withdrew",
        "1 had their data deleted",
        "1 had not finished",
        "1 left before the first task",
    ):
        assert part in told
