"""Short trainings of the lesion classifier that differ in one thing each, under one reduced protocol.

``python -m core.training.compare_lesion --data DIR --trials OUT`` trains what OUT still lacks, one after the
other. A trial that is done is not done again, so a run may be broken off.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader

from core.lesion.taxonomy import LABELS
from core.runtime.manifest import WEIGHTS_DIR, load_manifest
from core.training.evaluate_lesion import FEWEST, HEADLINE, NOT_PHONE
from core.training.export import build, initialise
from core.training.lesion_answers import LesionAnswers
from core.training.lesion_data import Locate, Picture, draw_phantoms, load_pictures, load_skin
from core.training.metrics import clean, draws, interval, macro_f1
from core.training.networks.fold import settle
from core.training.recipes.lesion import CONFIGURATIONS, LesionData, LesionRecipe, plan
from core.training.recipes.loop import LAST, Plan, Recipe, first_inputs, fit, normalise
from core.training.recipes.self_supervised import SelfSupervisedRecipe, SkinData
from core.training.sources import Row
from core.training.splits import SPLITS, split_of

SIZE: Final = 128
SMALL: Final = 96
DRAWS: Final = 1024
EPOCHS: Final = 8
RATES: Final = {"shipped": 0.01, "scratch": 0.03, "self-supervised": 0.03}
PHANTOMS: Final = 30
PROTOCOL: Final = "{epochs} epochs of {draws} pictures at {size} px from the shipped weights"
ALONE: Final = ", at {small} px from another start; a self-supervised one saw as many views before"


@dataclass(frozen=True)
class Trial:
    """One training.

    Attributes:
        configuration: one of ``recipes.lesion.CONFIGURATIONS``.
        start: ``"shipped"``, ``"scratch"`` or ``"self-supervised"``, a key of ``RATES``.
        seed: of everything random.
    """

    configuration: str
    start: str = "shipped"
    seed: int = 0

    @property
    def name(self) -> str:
        """Short and unique, good for a folder."""
        return f"{self.configuration}-{self.start}-{self.seed}"

    @property
    def plain(self) -> "Trial":
        """What it is compared with."""
        return Trial("retake", "shipped" if self.start == "shipped" else "scratch", self.seed)


TRIALS: Final = (
    Trial("retake"),
    Trial("adversarial"),
    Trial("conditions"),
    Trial("retake", "scratch"),
    Trial("retake", "self-supervised"),
    Trial("adversarial-conditions"),
    *(Trial(name, seed=1) for name in ("retake", "adversarial", "conditions")),
)


@dataclass(frozen=True)
class Photos:
    """What all trials learn from and are asked, in memory.

    Attributes:
        training: pictures of lesions, photographed and drawn.
        skin: uint8 RGB: healthy skin.
        rows, held: rows and pictures of ``validation`` and ``left_out``.
    """

    training: Sequence[Picture]
    skin: Sequence[np.ndarray]
    rows: dict[str, list[Row]]
    held: dict[str, list[Picture]]


def load_photos(rows: Sequence[Row], locate: Locate | None, phantoms: int = PHANTOMS) -> Photos:
    """Read what the trials need; ``locate`` as for ``load_pictures``, ``phantoms`` are drawn for each class.

    Raises:
        DataError: a photograph cannot be used.
    """
    split = {name: [row for row in rows if split_of(row) == name] for name in SPLITS}
    held = {
        name: [row for row in split[name] if row.group == "lesion"] for name in ("validation", "left_out")
    }
    return Photos(
        [*load_pictures(split["train"], locate=locate), *draw_phantoms(phantoms, seed=0)],
        load_skin(split["train"]),
        held,
        {name: load_pictures(of, long_side=640) for name, of in held.items()},
    )


def _begin(trial: Trial, out: Path) -> nn.Module:
    torch.manual_seed(trial.seed)
    # All are of the architecture that ships, so that its weights can start one.
    net = build("lesion", load_manifest().networks["lesion"].provenance["arch"])
    starts = {"shipped": WEIGHTS_DIR / "lesion.onnx", "self-supervised": out / "start" / f"{LAST}.ckpt"}
    initialise(net, str(starts.get(trial.start, "scratch")))
    return net


def _settings(trial: Trial, protocol: Plan) -> Plan:
    sizes = protocol.sizes if trial.start == "shipped" else ((0.0, SMALL),)
    return replace(
        protocol, seed=trial.seed, peak=RATES[trial.start], sizes=sizes, validate_every=protocol.epochs
    )


def learn_start(photos: Photos, out: Path, protocol: Plan) -> None:
    """Train the self-supervised start, on all photographs of skin, unless it is there."""
    if (out / "start" / f"{LAST}.ckpt").is_file():
        return
    trial = Trial("retake", "scratch")
    data = SkinData(photos.training, photos.skin, photos.held["validation"])
    # Each draw is two views; correlations want a large batch.
    settings = replace(_settings(trial, protocol), draws=protocol.draws // 2, batch=2 * protocol.batch)
    fit(SelfSupervisedRecipe(_begin(trial, out), data, settings), out / "start")


def learn(trial: Trial, photos: Photos, out: Path, protocol: Plan) -> nn.Module:
    """Train one network and return it."""
    if trial.start == "self-supervised":
        learn_start(photos, out, protocol)
    net, choices = _begin(trial, out), CONFIGURATIONS[trial.configuration]
    data = LesionData(photos.training, photos.held["validation"], skin=photos.skin, restyled=choices.restyled)
    mixed = net.early_stages if choices.mixed else ()
    recipe: Recipe = LesionRecipe(net, data, _settings(trial, protocol), mixed=mixed, choices=choices)
    if trial.start == "shipped":
        settle(recipe.net, *first_inputs(recipe))
    return fit(recipe, out / trial.name)


@torch.inference_mode()
def asked(net: nn.Module, photos: Photos, split: str) -> LesionAnswers:
    """What a network says of the held-out photographs, seen as the shipped one sees them."""
    views = LesionData([], photos.held[split]).validation()
    said = [net.eval()(normalise(batch))[0].float() for batch, _label in DataLoader(views, batch_size=32)]
    rows = photos.rows[split]
    return LesionAnswers(
        truth=np.array([picture.label for picture in photos.held[split]]),
        logits=torch.cat(said).double().numpy(),
        pooled=np.zeros((len(rows), 0)),
        groups=np.array(["lesion"] * len(rows)),
        slugs=np.array([row.slug for row in rows]),
        keys=np.array([row.split_key for row in rows]),
    )


def f1_of(answers: LesionAnswers, weights: np.ndarray | None = None) -> np.ndarray:
    """Macro F1, for each row of ``weights`` (replicates x N) where there are any."""
    return macro_f1(answers.truth, answers.order()[:, 0], len(LABELS), weights)


def recall_of(answers: LesionAnswers, weights: np.ndarray | None = None) -> np.ndarray:
    """The headline's mean recall, likewise: of ordinary photographs, of classes with ``FEWEST`` of them."""
    weights = np.ones(len(answers)) if weights is None else weights
    phone, right = ~np.isin(answers.slugs, NOT_PHONE), answers.order()[:, 0] == answers.truth
    places = [phone & (answers.truth == LABELS.index(name)) for name in HEADLINE]
    with np.errstate(invalid="ignore"):
        each = [
            (weights * (here & right)).sum(-1) / (weights * here).sum(-1)
            for here in places
            if here.sum() >= FEWEST
        ]
    return np.nanmean(each, axis=0) if each else np.full(weights.shape[:-1], np.nan)


def row_of(trial: Trial, said: dict[str, LesionAnswers], plain: dict[str, LesionAnswers]) -> dict[str, Any]:
    """One line of the table: both figures with intervals, and how they differ from those of ``plain``.

    The differences are of the same photographs, drawn together.
    """
    row: dict[str, Any] = {"name": trial.configuration, "start": trial.start, "seed": trial.seed}
    for key, split, figure in (
        ("validation_f1", "validation", f1_of),
        ("left_out_recall", "left_out", recall_of),
    ):
        weights = draws(said[split].keys)
        drawn, other = figure(said[split], weights), figure(plain[split], weights)
        row[key], row[f"{key}_interval"] = clean(figure(said[split])), interval(drawn)
        row[f"{key}_gain"] = clean(figure(said[split]) - figure(plain[split]))
        row[f"{key}_gain_interval"] = interval(drawn - other)
    return row


def _kept(path: Path) -> dict[str, LesionAnswers]:
    with np.load(path, allow_pickle=False) as held:
        names = LesionAnswers.__dataclass_fields__
        return {
            split: LesionAnswers(**{name: held[f"{split}_{name}"] for name in names})
            for split in ("validation", "left_out")
        }


def _keep(said: dict[str, LesionAnswers], path: Path) -> None:
    parts = {f"{split}_{name}": value for split, of in said.items() for name, value in vars(of).items()}
    np.savez(path, **parts)


def table(out: Path, trials: Sequence[Trial] = TRIALS) -> list[dict[str, Any]]:
    """The lines of all trials that are done, as is what each is compared with."""
    done = {trial: _kept(path) for trial in trials if (path := out / trial.name / "answers.npz").is_file()}
    return [row_of(trial, said, done[trial.plain]) for trial, said in done.items() if trial.plain in done]


def block(rows: list[dict[str, Any]], protocol: Plan) -> dict[str, Any]:
    """Lines of the table under what is true of all of them."""
    said = PROTOCOL.format(epochs=protocol.epochs, draws=protocol.draws, size=protocol.sizes[0][1])
    others = any(row["start"] != "shipped" for row in rows)
    return {"protocol": said + (ALONE.format(small=SMALL) if others else ""), "rows": rows}


def protocol(epochs: int = EPOCHS, threads: int = 1) -> Plan:
    """How all of them are trained, but for seed and rate."""
    return plan(epochs=epochs, draws=DRAWS, sizes=((0.0, SIZE),), threads=threads)


def run(
    rows: Sequence[Row],
    locate: Locate | None,
    out: Path,
    protocol: Plan,
    trials: Sequence[Trial] = TRIALS,
    phantoms: int = PHANTOMS,
) -> Iterator[dict[str, Any]]:
    """Train what ``out`` lacks; after each trial comes the block ``trials`` of the results as it then is.

    Args:
        locate, phantoms: as for ``load_photos``.

    Raises:
        DataError: a photograph cannot be used.
    """
    photos = load_photos(rows, locate, phantoms)
    for trial in trials:
        path = out / trial.name / "answers.npz"
        if not path.is_file():
            net = learn(trial, photos, out, protocol)
            _keep({split: asked(net, photos, split) for split in photos.held}, path)
        yield {"trials": block(table(out, trials), protocol)}
