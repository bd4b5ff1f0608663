"""Where did the network look?"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Explanation:
    """A heat map for one answer of a network.

    Attributes:
        target: the class or explanation that is explained, such as ``"blurry"``.
        heatmap: float32, h x w, 0 (did not matter) to 1 (mattered most), spanning the whole picture; all
            zeros when nothing in the picture speaks for the target.
        method: what made it, such as ``"gradcam"``.
    """

    target: str
    heatmap: np.ndarray
    method: str

    @property
    def blank(self) -> bool:
        """Whether no place speaks for the target more than another."""
        return not self.heatmap.any()
