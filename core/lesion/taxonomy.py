"""What a network's classes are called in plain words, and how much there was to learn each from.

The words stand in a YAML file beside the network, named by its entry in the manifest. Those of the ten
classes of Mishra et al. 2019 are in ``weights/lesion.taxonomy.yaml``.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from core.i18n import _, in_sentence, ngettext, translated
from core.runtime.manifest import WEIGHTS_DIR, NetworkEntry, WeightsError
from core.yaml_model import YamlError, parse

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
"""The classes that our own training knows (Mishra et al. 2019); a network may have others."""

SHIPPED_FILE: Final = "lesion.taxonomy.yaml"

Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class Words(_Part):
    """One class.

    Attributes:
        term: the medical term, such as ``"Pigmented macula"``.
        lay_name: what most people would call it, such as ``"Flat dark spot"``.
        description: one plain sentence.
        photos, sources: how many photographs the network learnt it from, and how many collections they come
            from; both or neither.
        note: a sentence on what to beware of in these photographs, or "".
    """

    term: Text
    lay_name: Text
    description: Text
    photos: Annotated[int, Field(ge=0)] | None = None
    sources: Annotated[int, Field(ge=0)] | None = None
    note: str = ""

    @model_validator(mode="after")
    def _both_or_neither(self) -> "Words":
        if (self.photos is None) != (self.sources is None):
            raise ValueError("give both photos and sources, or neither")
        return self


class Taxonomy(_Part):
    """The words for all classes of one network, in the caller's language.

    Attributes:
        version: of the file's layout.
        few_photos: a class learnt from fewer photographs than this is marked wherever it is shown.
        labels: the words by label.
    """

    version: Annotated[int, Field(ge=1, le=1)] = 1
    few_photos: Annotated[int, Field(ge=0)] = 100
    labels: Mapping[str, Words]

    @field_validator("labels")
    @classmethod
    def _those_of_the_network(cls, labels: Mapping[str, Words], info: ValidationInfo) -> Mapping[str, Words]:
        wanted = (info.context or {}).get("labels")
        if wanted is not None:
            missing = [label for label in wanted if label not in labels]
            unknown = [label for label in labels if label not in wanted]
            if missing:
                raise ValueError(f"add {', '.join(missing)}, which the network answers with")
            if unknown:
                raise ValueError(f"remove {', '.join(unknown)}, which the network does not know")
        return labels

    def term(self, label: str) -> str:
        """The medical term of a class, "" if there is none; raises KeyError for a label that is none."""
        return translated(self.labels[label].term)

    def lay_name(self, label: str) -> str:
        """What most people would call a class; raises KeyError for a label that is none."""
        return translated(self.labels[label].lay_name)

    def in_sentence(self, label: str) -> str:
        """The lay name as it stands inside a sentence: ``"pale patch"``, but ``"HPV wart"`` as it is."""
        return in_sentence(self.lay_name(label))

    def description(self, label: str) -> str:
        """One plain sentence about a class, or ""; raises KeyError for a label that is none."""
        return translated(self.labels[label].description)

    def has_few_photos(self, label: str) -> bool:
        """Whether there were few photographs to learn a class from, as far as the file says."""
        photos = self.labels[label].photos
        return photos is not None and photos < self.few_photos

    def learnt_from(self, label: str) -> str:
        """What the network learnt a class from, in a sentence or two; "" where the file does not say."""
        words = self.labels[label]
        if words.photos is None or words.sources is None:
            return translated(words.note)
        photos, sources = _photos(words.photos), _sources(words.sources)
        sentence = _("The network learnt this kind from {photos} of {sources}.")
        if self.has_few_photos(label):
            sentence = _(
                "The network learnt this kind from few photos ({photos} of {sources}), so take this answer "
                "with special care."
            )
        return _joined(sentence.format(photos=photos, sources=sources), translated(words.note))

    def training_photos(self, label: str) -> str:
        """The same for a table: counts and note, without advice."""
        words = self.labels[label]
        counted = ""
        if words.photos is not None and words.sources is not None:
            photos, sources = _photos(words.photos), _sources(words.sources)
            counted = _("{photos} of {sources}.").format(photos=photos, sources=sources)
        return _joined(counted, translated(words.note)) or _("Nobody wrote that down.")


def _photos(count: int) -> str:
    return ngettext("{count} photo", "{count} photos", count).format(count=count)


def _sources(count: int) -> str:
    return ngettext("{count} source", "{count} sources", count).format(count=count)


def _joined(*sentences: str) -> str:
    return " ".join(filter(None, sentences))


def taxonomy_of(entry: NetworkEntry, directory: Path | None = None) -> Taxonomy:
    """The words for a network's classes.

    They come from the file that the entry names. Without one, the words of the shipped classes serve where
    they know all labels (but not what those were learnt from: that is another network's story), else the
    labels themselves.

    Args:
        entry: of the network.
        directory: where the entry's files lie; that of the shipped weights when None.

    Raises:
        WeightsError: the file is missing, or does not fit; its message names the line and what to do.
    """
    if entry.taxonomy is not None:
        return _load((directory or WEIGHTS_DIR) / entry.taxonomy, tuple(entry.labels))
    if set(entry.labels) <= set(LABELS):
        known = shipped().labels
        bare = {"photos": None, "sources": None, "note": ""}
        return Taxonomy(labels={label: known[label].model_copy(update=bare) for label in entry.labels})
    return Taxonomy(labels={label: _plain(label) for label in entry.labels})


def shipped() -> Taxonomy:
    """The words of the ten shipped classes; raises WeightsError when the file was damaged."""
    return _load(WEIGHTS_DIR / SHIPPED_FILE, LABELS)


def _plain(label: str) -> Words:
    """A label made readable: all there is where the taxonomy has no words."""
    name = label.replace("_", " ").strip() or label
    return Words.model_construct(term="", lay_name=name[0].upper() + name[1:], description="")


def _load(path: Path, labels: Sequence[str]) -> Taxonomy:
    try:
        changed = path.stat().st_mtime_ns
        return _read(path, tuple(labels), changed)
    except FileNotFoundError:
        message = _(
            "The words for the kinds of skin change, {path}, are missing. Put the file back, or take its "
            "name out of the list of networks."
        )
        raise WeightsError("taxonomy_missing", message.format(path=path)) from None
    except (OSError, UnicodeDecodeError) as error:
        message = _(
            "The words in {path} cannot be read ({reason}). Save the file as UTF-8 text and try again."
        )
        raise WeightsError("taxonomy_invalid", message.format(path=path, reason=error)) from None
    except YamlError as error:
        raise WeightsError("taxonomy_invalid", error.message) from None


@lru_cache(maxsize=8)
def _read(path: Path, labels: tuple[str, ...], changed: int) -> Taxonomy:
    # ``changed`` is when the file was: one that was edited since is read anew.
    return parse(path.read_text(encoding="utf-8"), path, Taxonomy, context={"labels": labels})
