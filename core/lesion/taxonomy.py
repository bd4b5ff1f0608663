"""The ten lesion classes of Mishra et al. 2019, and what they are called in plain words."""

from typing import Final

from core.words import _

LABELS: Final = (
    "acne",
    "alopecia",
    "blister",
    "crust",
    "erythema",
    "leukoderma",
    "pigmented_macula",
    "tumor",
    "ulcer",
    "wheal",
)


def term(label: str) -> str:
    """The medical term of a class, such as ``"Pigmented macula"``; raises KeyError for other labels."""
    return {
        "acne": _("Acne"),
        "alopecia": _("Alopecia"),
        "blister": _("Blister"),
        "crust": _("Crust"),
        "erythema": _("Erythema"),
        "leukoderma": _("Leukoderma"),
        "pigmented_macula": _("Pigmented macula"),
        "tumor": _("Tumor"),
        "ulcer": _("Ulcer"),
        "wheal": _("Wheal"),
    }[label]


def lay_name(label: str) -> str:
    """What most people would call a class, such as ``"Flat dark spot"``; raises KeyError for other labels."""
    return {
        "acne": _("Pimples"),
        "alopecia": _("Hair loss"),
        "blister": _("Fluid-filled bump"),
        "crust": _("Scab"),
        "erythema": _("Red patch"),
        "leukoderma": _("Pale patch"),
        "pigmented_macula": _("Flat dark spot"),
        "tumor": _("Lump"),
        "ulcer": _("Open sore"),
        "wheal": _("Raised welt"),
    }[label]


def description(label: str) -> str:
    """One plain sentence about a class; raises KeyError for other labels."""
    return {
        "acne": _("Blocked or inflamed pores: blackheads, whiteheads or pimples."),
        "alopecia": _("Skin where hair has become thin or is missing."),
        "blister": _("A bump filled with clear or cloudy fluid."),
        "crust": _("Dried fluid or blood that covers the skin."),
        "erythema": _("Skin that is redder, or on dark skin darker or more purple, than around it."),
        "leukoderma": _("Skin that is paler than around it because it has lost pigment."),
        "pigmented_macula": _("A flat spot that is darker than the skin around it, such as a freckle."),
        "tumor": _("A solid lump or growth of any kind; the word does not mean cancer."),
        "ulcer": _("A wound that reaches below the surface of the skin."),
        "wheal": _("A raised, often itchy swelling, as in hives."),
    }[label]
