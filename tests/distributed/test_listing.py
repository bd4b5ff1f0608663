import pytest

from core.distributed.listing import NotListedError, content, listed
from core.photo import MAX_BYTES, PhotoError


@pytest.fixture
def folder(tmp_path):
    for name in ("a.jpg", "b/c.PNG", "b/.hidden/d.jpg", ".e.jpg", "notes.txt"):
        (tmp_path / "at" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "at" / name).write_bytes(name.encode())
    return tmp_path / "at"


def test_below_an_address_photos_are_found_as_in_a_folder_and_read_through_it(folder):
    found = list(listed([f"file://{folder}"], None))
    assert [one.path for one in found] == [f"file://{folder}/a.jpg", f"file://{folder}/b/c.PNG"]
    assert content(found[1].path, found[1].inside, found[1].address) == b"b/c.PNG"
    here = list(listed([str(folder)], None))
    assert [content(one.path, one.inside, one.address) for one in here] == [
        folder / "a.jpg",
        folder / "b" / "c.PNG",
    ]


def test_an_address_may_be_that_of_one_file_whatever_it_is_called(folder):
    (only,) = listed([f"file://{folder}/notes.txt"], None)
    assert content(only.path, only.inside, only.address) == b"notes.txt"


def test_what_is_gone_or_too_large_is_that_photos_own_error(folder):
    (photo,) = listed([f"file://{folder}/a.jpg"], None)
    (folder / "a.jpg").write_bytes(bytes(MAX_BYTES + 9))
    assert len(content(photo.path, photo.inside, photo.address)) == MAX_BYTES + 1
    (folder / "a.jpg").unlink()
    with pytest.raises(PhotoError) as error:
        content(photo.path, photo.inside, photo.address)
    assert error.value.code == "not_found"


@pytest.mark.parametrize("address", ["file:///no/such/place", "nonsense://bucket/photos"])
def test_an_address_that_cannot_be_searched_is_one_sentence(address):
    with pytest.raises(NotListedError, match=f"^{address} cannot be searched .*Check the address"):
        list(listed([address], None))
