"""A labels CSV: what is read, and one clear sentence for each thing that is wrong with it."""

import pytest

from core.compare.labels import MOST_BYTES, Labels, LabelsError, plurality, read_labels

PHOTOS = ("a.jpg", "b.jpg", "Café.png")


def read(text: str) -> Labels:
    return read_labels(text.encode("utf-8"), PHOTOS)


def told(text: str | bytes) -> str:
    with pytest.raises(LabelsError) as caught:
        read_labels(text if isinstance(text, bytes) else text.encode("utf-8"), PHOTOS)
    return caught.value.message


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_the_usual_separators_and_a_byte_order_mark(mark, start):
    text = start + f"file{mark}who{mark}quality\na.jpg{mark}x{mark}lesion\nb.jpg{mark}y{mark}Poor_Quality\n"
    found = read(text)
    assert {name: label.quality for name, label in found.by_photo.items()} == {
        "a.jpg": "lesion",
        "b.jpg": "poor_quality",
    }
    assert found.problems == ()


def test_votes_as_the_manifest_of_a_data_folder_has_them():
    found = read(
        "path,quality_votes,explanation_votes\n"
        'deep/folder/a.jpg,"{""lesion"": 3, ""poor_quality"": 1}","{""blurry"": 2, ""bad_light"": 0}"\n'
        'b.jpg,"{""lesion"": 2, ""poor_quality"": 2}",\n'
    )
    assert found.by_photo["a.jpg"].quality == "lesion"
    assert found.by_photo["a.jpg"].votes == {"lesion": 3, "poor_quality": 1}
    assert found.by_photo["a.jpg"].explanations == {"blurry"}
    assert found.by_photo["b.jpg"].quality == "poor_quality"
    assert found.by_photo["b.jpg"].explanations is None


def test_a_name_is_known_however_a_system_writes_it():
    found = read("file,quality\nC:\\photos\\A.JPG,lesion\nCafe\u0301.png,no_skin\n")
    assert set(found.by_photo) == {"a.jpg", "Café.png"}


def test_the_class_with_most_votes_and_poor_quality_of_equals():
    assert plurality({"healthy_skin": 2, "no_skin": 1}) == "healthy_skin"
    assert plurality({"lesion": 2, "no_skin": 2}) == "lesion"
    assert plurality({"lesion": 2, "poor_quality": 2}) == "poor_quality"


def test_unknown_file_names_are_told_and_the_rest_goes_on():
    found = read("file,quality\nx.jpg,lesion\na.jpg,lesion\ny.jpg,lesion\n")
    assert set(found.by_photo) == {"a.jpg"}
    assert found.problems == ("2 rows name photos that are not here: x.jpg, y.jpg.",)


def test_many_unknown_names_are_counted():
    rows = "".join(f"x{number}.jpg,lesion\n" for number in range(8))
    (problem,) = read(f"file,quality\n{rows}a.jpg,lesion\n").problems
    assert problem.endswith("x0.jpg, x1.jpg, x2.jpg, x3.jpg, x4.jpg and 3 more.")


@pytest.mark.parametrize("nothing", ["", "NaN", "nan", "N/A"])
def test_nan_or_empty_is_told(nothing):
    found = read(f"file,quality\na.jpg,{nothing}\nb.jpg,lesion\n{nothing},lesion\n")
    assert set(found.by_photo) == {"b.jpg"}
    (problem,) = found.problems
    assert problem.startswith("2 rows are empty or NaN where file or label should stand")
    assert "a.jpg" in problem


def test_an_unknown_class_is_told_with_those_that_are_known():
    found = read("file,quality\na.jpg,good\nb.jpg,lesion\n")
    (problem,) = found.problems
    assert problem.startswith("1 row has a label that is not known (a.jpg); use lesion, ")
    assert "too_far_away" in problem
    (problem,) = read('file,quality_votes\na.jpg,"{""fine"": 2}"\n').problems
    assert "a label that is not known" in problem


@pytest.mark.parametrize(
    "votes", ["[3]", "{", "3", '{"lesion": NaN}', '{"lesion": -1}', '{"lesion": true}', "[" * 9000]
)
def test_votes_that_are_no_counts_are_told(votes):
    quoted = votes.replace('"', '""')
    found = read(f'file,quality_votes\na.jpg,"{quoted}"\nb.jpg,"{{""lesion"": 1}}"\n')
    assert set(found.by_photo) == {"b.jpg"}
    (problem,) = found.problems
    assert problem.startswith("1 row has votes that are no counts in JSON")


def test_a_photo_labelled_twice_keeps_its_first_label():
    found = read("file,quality\na.jpg,lesion\na.jpg,no_skin\n")
    assert found.by_photo["a.jpg"].quality == "lesion"
    assert found.problems == ("1 row labels a photo a second time; the first label counts: a.jpg.",)


def test_missing_columns_are_told():
    sentence = told("name,quality\na.jpg,lesion\n")
    assert sentence.startswith("The table of labels needs a column path or file")
    assert sentence.endswith("it has: name, quality.")
    assert "needs a column" in told("file,grade\na.jpg,3\n")


@pytest.mark.parametrize(
    "data",
    ["file,quality\ncafé.jpg,lesion\n".encode("latin-1"), "file,quality\n".encode("utf-16"), b"a\0b\n1,2"],
)
def test_what_is_not_utf_8_is_told(data):
    assert "is not UTF-8 text" in told(data)


def test_another_separator_is_told():
    assert "separated neither by commas nor by semicolons or tabs" in told("file|quality\na.jpg|lesion\n")


@pytest.mark.parametrize("text", ["", "\n \n"])
def test_an_empty_file_is_told(text):
    assert told(text) == "The table of labels is empty."


def test_a_table_of_other_photos_rows_or_sizes_is_told():
    assert told("file,quality\n") == "The table of labels has no rows below its first line."
    assert (
        told("file,quality\nz,lesion\n")
        == "No row of the table of labels names one of these photos, such as a.jpg."
    )
    assert "larger than 5 MB" in told(b"x" * (MOST_BYTES + 1))
    assert "more than 20,000 rows" in told("file,quality\n" + "a.jpg,lesion\n" * 20_002)
    assert "has no end" in told('file,quality\n"a.jpg' + "x" * 200_000)
