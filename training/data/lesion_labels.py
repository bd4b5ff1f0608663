"""One rule for labels that collections draw differently: a naevus is a pigmented macula, everywhere.

Collections name what they know; the ten classes are of what is seen. Where one puts a naevus to the tumours
and the next to the pigmented spots, a network can only learn which collection a photograph is from. So the
finer label decides (``original_label``); keratoses, carcinomas, melanomas, horns and cysts stay tumours, and
lentigines, melasma and café-au-lait spots pigmented maculae, as every collection has them.
"""

import re
from typing import Final

_NAEVUS: Final = re.compile(r"\b(nev|na?ev(us|i))\b", re.IGNORECASE)
_EITHER: Final = ("tumor", "pigmented_macula")


def lesion_label(label: str, original_label: str) -> str:
    """The class of a lesion photograph by the rule: ``label``, unless the finer label names a naevus."""
    if label in _EITHER and _NAEVUS.search(original_label):
        return "pigmented_macula"
    return label
