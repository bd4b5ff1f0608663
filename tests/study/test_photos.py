import io
import stat

import pytest
from cryptography.fernet import Fernet
from PIL import Image

from core.study.faults import StudyError
from core.study.photos import KEY_FILE, PhotoStore, open_photos


def picture(kind, **more):
    out = io.BytesIO()
    Image.new("RGB", (9, 7), (200, 140, 120)).save(out, kind, **more)
    return out.getvalue()


def exif():
    made = Image.Exif()
    made[0x010F] = "Maker"
    return made


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_photo_lies_encrypted_under_a_random_name(photos, kind):
    data = picture(kind)
    names = [photos.write(data) for _turn in range(2)]
    assert names[0] != names[1]
    assert [photos.read(name) for name in names] == [data, data]
    for file in photos.folder.iterdir():
        assert data[:20] not in file.read_bytes()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    photos.remove(names[0])
    photos.remove(names[0])
    assert [name for name, _written in photos.names()] == [names[1]]
    with pytest.raises(StudyError, match="not there"):
        photos.read(names[0])


@pytest.mark.parametrize(
    "data",
    [
        *(picture("JPEG", exif=exif()), picture("PNG", exif=exif()), picture("JPEG", comment=b"Ada")),
        *(b"", b"\xff\xd8", picture("PNG")[:-5], picture("PNG") + b"more", picture("GIF")),
    ],
)
def test_what_has_metadata_or_is_no_picture_is_refused(photos, data):
    with pytest.raises(StudyError, match="without metadata"):
        photos.write(data)


def test_another_key_opens_nothing(photos):
    name = photos.write(picture("PNG"))
    with pytest.raises(StudyError, match="another key"):
        PhotoStore(photos.folder, Fernet.generate_key()).read(name)
    with pytest.raises(StudyError, match="not there"):
        photos.read("../key")


def test_the_key_is_made_once_and_must_be_private(tmp_path, monkeypatch):
    monkeypatch.delenv("RETAKE_PHOTO_KEY", raising=False)
    first = open_photos(tmp_path)
    key = tmp_path / KEY_FILE
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    name = first.write(picture("PNG"))
    assert open_photos(tmp_path).read(name) == picture("PNG")
    key.chmod(0o640)
    with pytest.raises(StudyError, match="chmod 600"):
        open_photos(tmp_path)
    key.unlink()
    with pytest.raises(StudyError, match="is missing"):
        open_photos(tmp_path)
    monkeypatch.setenv("RETAKE_PHOTO_KEY", "not a key")
    with pytest.raises(StudyError, match="no key"):
        open_photos(tmp_path)
