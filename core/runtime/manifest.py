"""``weights/manifest.json``: which networks are shipped, what they answer and where they come from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from core.errors import CodedError
from core.i18n import _

WEIGHTS_DIR: Final = Path(__file__).resolve().parents[2] / "weights"
MANIFEST_NAME: Final = "manifest.json"
RESTORE: Final = "git checkout -- weights"
DEFAULT_POINT: Final = "balanced"
PICKLES: Final = (".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth")
"""Network files that run whatever code they hold when they are opened."""

# A label may become part of a file's name.
Label = Annotated[str, Field(pattern=r"^\w[\w .,()'+-]*$", max_length=80)]


class WeightsError(CodedError):
    """The weights cannot be used; ``message`` says what to do, for a person to read.

    Attributes:
        code: such as ``"weights_missing"``, ``"weights_altered"`` or ``"manifest_invalid"``.
        message: a whole sentence, translated.
    """


class OperatingPoint(BaseModel):
    """One way to trade good photos refused against faulty photos passed.

    Attributes:
        thresholds: probability (0-1) from which an explanation counts as given.
        class_offsets: added to the logit of a quality class (see ``PassRule``).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    thresholds: dict[str, Annotated[float, Field(ge=0, le=1)]]
    class_offsets: dict[str, Annotated[float, Field(ge=-20, le=20)]] = {}


class Abstention(BaseModel):
    """When a lesion classifier does not answer; see ``core.lesion.abstain``.

    Attributes:
        score: how it is measured how familiar a picture looks.
        unfamiliar: a picture whose score is below this is none of a lesion.
        low_confidence: an answer whose top probability (0-1, after temperature) is below this is none.
        file: what the score needs, beside the manifest; None where it needs nothing.
        sha256: what that file must be.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: Literal["energy", "contrast"]
    unfamiliar: float = Field(allow_inf_nan=False)
    low_confidence: float = Field(ge=0, le=1)
    file: str | None = Field(default=None, pattern=r"^[\w.-]+\.npz$")
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")

    @model_validator(mode="after")
    def _whole(self) -> "Abstention":
        if (self.file is None) != (self.sha256 is None) or (self.score == "contrast" and self.file is None):
            raise ValueError("a file and its sha256 belong together, and contrast needs them")
        return self


Weight = Annotated[float, Field(allow_inf_nan=False)]


class Opinion(BaseModel):
    """A logistic model beside an ImageQX network; see ``core.quality.second_opinion``.

    Attributes:
        features: what it reads, in its order.
        conditions: the condition of each kind of picture that it tells apart; a condition may have several.
        weights: one row a kind, one number a feature.
        bias: one number a kind.
        least_good: a picture passes only when it is held to be good with at least this probability (0-1).
        truncated_from: the share (0-1) of cut and near in the network's framing from which a lesion is cut.
        provenance: what it was fitted on, and for which network (sha256).
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: tuple[str, ...] = Field(min_length=1)
    conditions: tuple[str, ...] = Field(min_length=2)
    weights: tuple[tuple[Weight, ...], ...]
    bias: tuple[Weight, ...]
    least_good: float = Field(ge=0, le=1)
    truncated_from: float = Field(gt=0, le=1)
    provenance: dict[str, Any] = {}

    @model_validator(mode="after")
    def _fits(self) -> "Opinion":
        rows = len(self.weights) == len(self.bias) == len(self.conditions)
        if not rows or any(len(row) != len(self.features) for row in self.weights):
            raise ValueError("the opinion needs one row of weights, one bias and one condition a kind")
        return self


class ConfusedPair(BaseModel):
    """Held-out photos of the class ``true``, ``of`` in all, that were predicted as ``said``: ``count``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    true: str
    said: str
    count: int = Field(gt=0)
    of: int = Field(gt=0)


class NetworkEntry(BaseModel):
    """One shipped network.

    Attributes:
        file: name of the ONNX file, beside the manifest.
        sha256, bytes: what that file must be.
        task: ``"imageqx"``, ``"ordinal"`` or ``"lesion"``.
        labels: classes in the order of ``logits``; of an ordinal network, whose logits are ranks, the two
            classes that come of them.
        taxonomy: name of the YAML file, beside the manifest, with the words for the classes of a network of
            task ``"lesion"`` (see ``core.lesion.taxonomy``).
        explanations: names in the order of the ``explanations`` output; empty without that output.
        input_size: side of the square input in pixels.
        mean, std: per RGB channel, of values in 0-1.
        detail: whether a second input takes the middle of the picture (``preprocess.detail_square``).
        thresholds: probability (0-1) from which an explanation counts as given.
        operating_points: thresholds and class offsets by name (``balanced``, ``lenient``, ``strict``); empty
            in older manifests, whose ``thresholds`` then count everywhere.
        temperature: what ``logits`` are divided by before softmax.
        class_offsets: added after that, by label (of a network of task ``"lesion"``): classes that are
            predicted too often have a negative one.
        opinion: a second opinion on an ImageQX network's verdicts; None where there is none.
        abstention: when a lesion classifier does not answer; None where it always does.
        confused: pairs of classes that it is known to mix up.
        provenance: what made the file (data, seed, epochs, init, commit, ...).
        metrics: held-out figures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str = Field(pattern=r"^[\w.-]+\.onnx$")
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(gt=0)
    task: str
    labels: list[Label] = Field(min_length=2)
    taxonomy: str | None = Field(default=None, pattern=r"^[\w.-]+\.ya?ml$")
    explanations: list[str] = []
    input_size: int = Field(gt=0)
    mean: tuple[float, float, float]
    std: tuple[float, float, float]
    detail: bool = False
    thresholds: dict[str, float] = {}
    operating_points: dict[str, OperatingPoint] = {}
    temperature: float = Field(default=1.0, gt=0)
    class_offsets: dict[str, Annotated[float, Field(ge=-20, le=20)]] = {}
    opinion: Opinion | None = None
    abstention: Abstention | None = None
    confused: list[ConfusedPair] = []
    provenance: dict[str, Any] = {}
    metrics: dict[str, Any] = {}

    @field_validator("file", mode="before")
    @classmethod
    def _never_unpickled(cls, file: Any) -> Any:
        if isinstance(file, str) and Path(file).suffix.lower() in PICKLES:
            message = _(
                "{file} is not opened: files of this kind can run any code. Export the network to ONNX and "
                "name the .onnx file"
            )
            raise ValueError(message.format(file=file))
        return file

    @field_validator("labels")
    @classmethod
    def _each_once(cls, labels: Sequence[str]) -> Sequence[str]:
        if len(set(labels)) < len(labels):
            raise ValueError("labels must differ from each other")
        return labels

    @model_validator(mode="after")
    def _a_threshold_each(self) -> "NetworkEntry":
        if set(self.thresholds) != set(self.explanations):
            raise ValueError("thresholds must name exactly the explanations")
        if any(not 0 <= value <= 1 for value in self.thresholds.values()):
            raise ValueError("thresholds must lie in 0-1")
        for name, point in self.operating_points.items():
            if set(point.thresholds) != set(self.explanations):
                raise ValueError(f"the operating point {name} must have a threshold for each explanation")
            if not set(point.class_offsets) <= set(self.labels):
                raise ValueError(f"the operating point {name} has an offset for a class that is not there")
        if not set(self.class_offsets) <= set(self.labels):
            raise ValueError("class_offsets may only name labels")
        if not {name for pair in self.confused for name in (pair.true, pair.said)} <= set(self.labels):
            raise ValueError("confused may only name labels")
        return self

    def point(self, name: str = DEFAULT_POINT) -> OperatingPoint:
        """An operating point by name; the plain ``thresholds`` where there is none of that name."""
        return self.operating_points.get(name) or OperatingPoint(thresholds=self.thresholds)


class Manifest(BaseModel):
    """All shipped networks by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = 1
    networks: dict[str, NetworkEntry]


def load_manifest(path: Path | None = None) -> Manifest:
    """Read the manifest (the shipped one unless ``path`` names another).

    Raises:
        WeightsError: it is missing or does not follow the schema.
    """
    path = path or WEIGHTS_DIR / MANIFEST_NAME
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = _("The list of networks {path} cannot be read. Restore it with: {command}")
        raise WeightsError("weights_missing", message.format(path=path, command=RESTORE)) from error
    try:
        return Manifest.model_validate_json(text)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "manifest"
        reason = first["msg"].removeprefix("Value error, ")
        message = _(
            "The list of networks {path} is not valid ({place}: {reason}). Correct it, or restore the one "
            "that came with Retake: {command}"
        )
        raise WeightsError(
            "manifest_invalid", message.format(path=path, place=place, reason=reason, command=RESTORE)
        ) from error


def save_entry(name: str, entry: NetworkEntry, directory: Path = WEIGHTS_DIR) -> None:
    """Write or replace one network's entry, leaving the others."""
    path = directory / MANIFEST_NAME
    networks = dict(load_manifest(path).networks) if path.exists() else {}
    networks[name] = entry
    path.write_text(Manifest(networks=networks).model_dump_json(indent=2) + "\n", encoding="utf-8")
