from folders import write_manifest
from test_train_cli import key_for

from core.lesion.taxonomy import LABELS
from training.data import learnt_from


def test_photos_and_sources_of_the_training_side_are_counted(tmp_path, capsys):
    entries, number = [], 0
    wanted = [("crust", "one", "train"), ("crust", "one", "train"), ("crust", "two", "train")]
    wanted += [("crust", "three", "validation"), ("acne", "one", "train"), ("acne", "facesd", "train")]
    for label, slug, split in wanted:
        key, number = key_for(split, number)
        entries.append(
            {"path": f"{key}.jpg", "group": "lesion", "label": label, "slug": slug, "split_key": key}
            | {"width": 8, "height": 8}
        )
    write_manifest(tmp_path, entries)
    assert learnt_from.main(["--data", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "  crust:\n    photos: 3\n    sources: 2\n" in printed
    assert "  acne:\n    photos: 1\n    sources: 1\n" in printed  # the other's source is left out of training
    assert "  wheal:\n    photos: 0\n    sources: 0\n" in printed
    assert printed.count("photos") == len(LABELS)


def test_a_folder_without_a_list_is_a_sentence(tmp_path, capsys):
    assert learnt_from.main(["--data", str(tmp_path)]) == 1
    assert "There is no manifest.csv" in capsys.readouterr().err
