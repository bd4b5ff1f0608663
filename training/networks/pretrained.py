"""A trunk that was trained elsewhere, read from an ``.npz`` of arrays under torchvision's names.

Such a file is a zip of plain arrays: ``numpy.load`` refuses pickles, so nothing in it is executed.
"""

import zipfile
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import nn

from core.errors import UserFacingError
from core.i18n import _

PREFIX: Final = "features."


class InitError(UserFacingError):
    """A training start that cannot be used; the message is one sentence."""


def read_arrays(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an ``.npz`` file by name; half precision is widened to float32.

    Raises:
        InitError: it is no such file, or holds pickled objects.
    """
    try:
        # A file of one array (.npy) is no context manager: TypeError.
        with np.load(path, allow_pickle=False) as held:
            arrays = {name: held[name] for name in held.files}
    except (OSError, ValueError, TypeError, EOFError, zipfile.BadZipFile) as error:
        message = _("{file} is not an .npz file of plain arrays, so it is not read.")
        raise InitError(message.format(file=path)) from error
    return {
        name: value.astype(np.float32) if value.dtype == np.float16 else value
        for name, value in arrays.items()
    }


def fill_trunk(trunk: nn.Module, path: Path) -> None:
    """Fill a torchvision EfficientNet-B0 trunk from the arrays ``features.*`` of a file.

    Raises:
        InitError: an array is missing, has another shape or does not hold finite numbers.
    """
    arrays = read_arrays(path)
    state = {}
    for name, value in trunk.state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        key = PREFIX + name
        if key not in arrays:
            message = _("{file} lacks the array {name}: it must hold a torchvision EfficientNet-B0.")
            raise InitError(message.format(file=path, name=key))
        array = arrays[key]
        if array.shape != tuple(value.shape):
            message = _("The array {name} in {file} is {got}, but this network needs {want}.")
            got, want = (" x ".join(map(str, shape)) or "-" for shape in (array.shape, value.shape))
            raise InitError(message.format(name=key, file=path, got=got, want=want))
        if not (np.issubdtype(array.dtype, np.floating) and np.isfinite(array).all()):
            message = _("The array {name} in {file} holds something other than finite numbers.")
            raise InitError(message.format(name=key, file=path))
        state[name] = torch.from_numpy(array.astype(np.float32))
    trunk.load_state_dict(state, strict=False)
