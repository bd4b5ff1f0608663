"""How many photographs the lesion classes need, what training views bring, and what ways of training do.

``python -m core.training.compare_lesion --data DIR`` puts what it finds into
``core/training/lesion_comparisons.json``. A whole training for each point would take a day. So a linear
classifier learns the classes from pooled features of ImageQX's trunk, which has seen these photographs but no
lesion class, and minutes are enough. Its figures lie below the shipped network's; what counts is how they
differ.

With ``--trials OUT`` it runs the short trainings of ``lesion_trials`` instead, those that OUT still lacks.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from sklearn.linear_model import LogisticRegression

from core.cli.assess import open_assessor
from core.lesion.taxonomy import LABELS
from core.quality.imageqx import ImageQX
from core.training import lesion_trials
from core.training.evaluate_lesion import COMPARED, headline
from core.training.lesion_answers import LesionAnswers
from core.training.lesion_data import (
    NOWHERE,
    Elsewhere,
    Picture,
    load_pictures,
    load_skin,
    training_view,
)
from core.training.metrics import macro_f1
from core.training.sources import Row, read_manifest
from core.training.splits import SPLITS, share_of, split_of

RESULTS: Final = COMPARED
SHARES: Final = (0.1, 0.25, 0.5, 1.0)
SIZE: Final = 224
VIEWS: Final = 4
STRENGTH: Final = 0.003
PROTOCOL: Final = (
    "a linear classifier on pooled features of ImageQX's trunk, {views} views of each photograph, classes "
    "weighted evenly"
)


def pooled(network: ImageQX, pictures: Sequence[np.ndarray]) -> np.ndarray:
    """Float32, N x channels: the mean over the feature map of each picture (uint8 RGB)."""
    return np.stack([network.features(rgb).mean(axis=(1, 2)) for rgb in pictures])


def views(pictures: Sequence[Picture], elsewhere: Elsewhere, count: int = VIEWS, seed: int = 0) -> list:
    """``count`` training views of each picture, all pictures once before any comes again."""
    rng = np.random.default_rng(seed)
    return [training_view(picture, SIZE, rng, elsewhere) for _turn in range(count) for picture in pictures]


def figures(
    seen: np.ndarray, classes: np.ndarray, known: LesionAnswers, new: LesionAnswers
) -> dict[str, float]:
    """Learn from features and say what that reaches.

    Args:
        seen, classes: float, N x channels, and int, N: what to learn from.
        known, new: held-out photographs of known and of new collections; their ``pooled`` is asked.

    Returns:
        ``validation_f1`` and ``left_out_recall``.
    """
    middle, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    learner = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=400)
    learner.fit((seen - middle) / spread, classes)

    def answered(asked: LesionAnswers) -> LesionAnswers:
        logits = np.full((len(asked), len(LABELS)), -np.inf)
        logits[:, learner.classes_] = learner.predict_log_proba((asked.pooled - middle) / spread)
        return LesionAnswers(**{**vars(asked), "logits": logits})

    said = answered(known)
    return {
        "validation_f1": round(float(macro_f1(said.truth, said.order()[:, 0], len(LABELS))), 3),
        "left_out_recall": headline(answered(new), list(LABELS))["macro_recall"],
    }


def asked(rows: Sequence[Row], pictures: Sequence[Picture], features: np.ndarray) -> LesionAnswers:
    """Held-out photographs with their features, nothing said of them yet."""
    return LesionAnswers(
        truth=np.array([picture.label for picture in pictures]),
        logits=np.zeros((len(rows), len(LABELS))),
        pooled=features,
        groups=np.array(["lesion"] * len(rows)),
        slugs=np.array([row.slug for row in rows]),
        keys=np.array([row.split_key for row in rows]),
    )


def compare(rows: Sequence[Row], network: ImageQX, count: int = VIEWS) -> dict[str, Any]:
    """What the report shows: views compared, and the learning curve.

    Args:
        rows: the manifest.
        network: whose trunk is borrowed.
        count: views of each photograph.

    Raises:
        DataError: a photograph cannot be used.
    """
    held = {split: [row for row in rows if split_of(row) == split] for split in SPLITS}
    lesions = {split: [row for row in of if row.group == "lesion"] for split, of in held.items()}
    photos = {split: load_pictures(of, locate=network.places) for split, of in lesions.items()}
    known, new = (
        asked(lesions[split], photos[split], pooled(network, [picture.rgb for picture in photos[split]]))
        for split in ("validation", "left_out")
    )
    training = photos["train"]
    classes = np.tile([picture.label for picture in training], count)
    place = np.tile([share_of(row.split_key) for row in lesions["train"]], count)
    ways = {"retake": Elsewhere(training, load_skin(held["train"])), "plain": NOWHERE}
    table, curve = [], []
    for name, elsewhere in ways.items():
        seen = pooled(network, views(training, elsewhere, count))
        whole = figures(seen, classes, known, new)
        table.append({"name": name, "seeds": 1, **whole})
        for share in SHARES if name == "retake" else ():
            some = place < share
            if len(set(classes[some])) < 2:
                continue  # too few to learn anything from
            reached = whole if some.all() else figures(seen[some], classes[some], known, new)
            curve.append({"photographs": int(some.sum()) // count, **reached})
    return {"protocol": PROTOCOL.format(views=count), "comparisons": table, "learning_curve": curve}


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare, and write what was found."""
    parser = argparse.ArgumentParser(prog="python -m core.training.compare_lesion", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with manifest.csv")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--trials", type=Path, help="folder for short trainings, which are run instead")
    parser.add_argument("--epochs", type=int, default=lesion_trials.EPOCHS, help="of a short training")
    parser.add_argument("--threads", type=int, default=1, help="of a short training")
    args = parser.parse_args(arguments)
    rows, imageqx = read_manifest(args.data), open_assessor("imageqx")
    if args.trials is None:
        kept(args.results, compare(rows, imageqx))
    else:
        protocol = lesion_trials.protocol(args.epochs, args.threads)
        for found in lesion_trials.run(rows, imageqx.places, args.trials, protocol):
            kept(args.results, found)
    print(args.results.read_text(encoding="utf-8"), end="")
    return 0


def kept(results: Path, found: Mapping[str, Any]) -> None:
    """Put blocks into the results, beside what else there is."""
    blocks = json.loads(results.read_text(encoding="utf-8")) if results.is_file() else {}
    results.write_text(json.dumps({**blocks, **found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
