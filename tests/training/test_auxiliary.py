"""Heads that learn beside the lesion classifier: they learn, they teach, and they stay behind."""

import math
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
import torch
from test_recipes import TinyNet, pictures, same, weights
from torch.nn import functional as F

from core.runtime.onnx_file import initialiser_names
from core.training.export import build, export, initialise
from core.training.lesion_data import PHANTOM_SLUG, Picture, conditions_of
from core.training.networks.auxiliary import ConditionHead, SourceHead, reverse
from core.training.networks.lesion import LABELS
from core.training.recipes.lesion import (
    CONFIGURATIONS,
    DISTILLED,
    SOFTENED,
    LesionData,
    LesionRecipe,
    plan,
)
from core.training.recipes.loop import fit
from core.training.sources import Row


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def test_the_gradient_is_turned_round_and_the_features_are_not():
    features = torch.tensor([1.0, -2.0], requires_grad=True)
    same_again = reverse(features, 0.5)
    assert torch.equal(same_again, features)
    (same_again * torch.tensor([3.0, 5.0])).sum().backward()
    assert features.grad.tolist() == [-1.5, -2.5]


HELD = torch.tensor([[True, True, False], [False, True, True], [True, False, False]])


def test_the_source_is_asked_for_among_those_of_the_class_alone():
    head = SourceHead(4, HELD)
    logits = torch.tensor([[1.0, 0.0, 50.0], [50.0, 0.0, 2.0], [0.0, 9.0, 9.0], [0.0, 0.0, 0.0]])
    label, source = torch.tensor([0, 1, 2, 0]), torch.tensor([0, 2, 0, -1])
    # The third picture's class has one source, the fourth is a drawing: neither is asked about.
    by_hand = (math.log(1 + math.exp(-1)) + math.log(1 + math.exp(-2))) / 2
    assert float(head.loss(logits, label, source)) == pytest.approx(by_hand, rel=1e-5)
    assert float(head.loss(logits[2:], label[2:], source[2:])) == 0


def test_a_condition_is_asked_for_where_the_source_tells_it():
    head = ConditionHead(4, torch.tensor([[True, True, False], [False, False, False]]))
    logits = torch.tensor([[2.0, -1.0, 9.0], [9.0, 9.0, 9.0], [9.0, 9.0, 9.0]])
    named = torch.tensor([[1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    by_hand = (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-1))) / 2
    assert float(head.loss(logits, torch.tensor([0, 1, -1]), named)) == pytest.approx(by_hand, rel=1e-5)
    assert float(head.loss(logits[1:], torch.tensor([1, -1]), named[1:])) == 0


def test_a_head_learns_the_source_and_reversed_the_features_unlearn_it():
    """Two sources of one class, told apart by the first feature; a linear trunk passes it on."""
    torch.manual_seed(0)
    source = torch.arange(64) % 2
    seen = torch.randn(64, 4)
    seen[:, 0] += 4.0 * source
    label = torch.zeros(64, dtype=torch.long)

    def train(strength: float) -> tuple[float, float]:
        torch.manual_seed(1)
        trunk, head = torch.nn.Linear(4, 4), SourceHead(4, torch.tensor([[True, True]]))
        optimiser = torch.optim.SGD([*trunk.parameters(), *head.parameters()], lr=0.05)
        for _step in range(200):
            loss = head.loss(head(reverse(trunk(seen), strength)), label, source)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        right = (head(trunk(seen)).argmax(1) == source).float().mean()
        # What a fresh look at the features can still tell: the distance between the sources' means.
        told = trunk(seen).detach()
        apart = (told[source == 0].mean(0) - told[source == 1].mean(0)).norm() / told.std(0).mean()
        return float(right), float(apart)

    right, apart = train(-1.0)  # as any head would teach
    hidden, closer = train(1.0)
    assert right > 0.95
    assert hidden < 0.75
    assert closer < apart / 2


def sourced(each=4, seed=0) -> list[Picture]:
    """Pictures of every class from two sources; one of them has finer labels."""
    made = []
    for i, picture in enumerate(pictures(each, seed)):
        slug = ("clinic", "web", PHANTOM_SLUG)[i % 4 % 3]
        named = (("early", "late")[i // 4 % 2],) if slug == "clinic" else ()
        made.append(replace(picture, slug=slug, conditions=named))
    return made


def data() -> LesionData:
    return LesionData(sourced(), pictures(1, seed=9), size=32)


def recipe(name="adversarial-conditions", seed=0, epochs=2) -> LesionRecipe:
    torch.manual_seed(seed)
    settings = plan(epochs=epochs, draws=32, batch=8, sizes=((0.0, 24),), seed=seed, threads=1)
    settings = replace(settings, bf16=False, validate_every=1)
    return LesionRecipe(TinyNet(), data(), settings, choices=CONFIGURATIONS[name])


def test_sources_and_conditions_are_read_off_the_pictures():
    made = data()
    assert made.sources == ["clinic", "web"]
    assert made.conditions == ["early", "late"]
    assert made.held().tolist() == [[True, True]] * len(LABELS)
    # All of the clinic's are early or late; the web's names neither, which is not a no.
    assert made.told().tolist() == [[True, True], [False, False]]
    drawn = [i for i, picture in enumerate(made.training) if picture.slug == PHANTOM_SLUG]
    _view, label, source, named = made.training_item(drawn[0], 32, np.random.default_rng(0))
    assert (label, source, named.tolist()) == (made.training[drawn[0]].label, -1, [0, 0])
    _view, _label, source, named = made.training_item(0, 32, np.random.default_rng(0))
    assert (source, named.tolist()) == (0, [1, 0])


def test_finer_labels_may_name_several_conditions(tmp_path):
    fields = dict.fromkeys(Row.__dataclass_fields__, "")
    row = Row(**fields | {"root": tmp_path, "original_label": "Acne + Papular+"})
    assert conditions_of(row) == ("Acne", "Papular")
    assert conditions_of(replace(row, original_label="")) == ()


def test_a_blend_of_two_pictures_is_asked_neither():
    made = recipe()
    label, source = torch.arange(4), torch.zeros(4, dtype=torch.long)
    targets = [label, source, torch.zeros(4, 2)]
    seen = set()
    for seed in range(12):
        torch.manual_seed(seed)
        _images, (shares, _label, asked, _named) = made.mix(torch.rand(4, 3, 8, 8), targets)
        blended = not torch.equal(shares, F.one_hot(label, len(LABELS)).float())
        assert blended == bool((asked == -1).all())
        seen.add(blended)
    assert seen == {True, False}


@pytest.mark.parametrize("name", ["adversarial", "conditions", "adversarial-conditions"])
def test_each_configuration_teaches_the_trunk_and_trains_its_heads(name, tmp_path):
    made, plain = recipe(name, epochs=1), recipe("retake", epochs=1)
    before = [parameter.detach().clone() for parameter in made.extra_parameters()]
    assert before
    assert plain.extra_parameters() == []
    taught, alone = fit(made, tmp_path / name), fit(plain, tmp_path / "plain")
    after = made.extra_parameters()
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert not same(weights(taught), weights(alone))
    assert set(taught.state_dict()) == set(alone.state_dict())


def test_a_seed_decides_everything_and_a_broken_run_ends_the_same(tmp_path):
    whole = weights(fit(recipe(), tmp_path / "whole"))
    assert not same(whole, weights(fit(recipe(seed=1), tmp_path / "other")))

    class Broken(Exception):
        pass

    part = recipe()
    go_on = part.on_train_batch_start

    def stop(batch, batch_idx):
        if part.current_epoch == 1 and batch_idx == 1:
            raise Broken
        go_on(batch, batch_idx)

    part.on_train_batch_start = stop
    with suppress(Broken):
        fit(part, tmp_path / "part")
    assert same(whole, weights(fit(recipe(), tmp_path / "part", resume=True)))


def test_what_is_exported_and_started_from_has_no_head_but_its_own(tmp_path):
    torch.manual_seed(0)
    settings = plan(epochs=1, draws=8, batch=4, sizes=((0.0, 32),), threads=1)
    made = LesionRecipe(
        build("lesion", "resnet34"), data(), settings, choices=CONFIGURATIONS["adversarial-conditions"]
    )
    trained = fit(made, tmp_path)
    export(trained, "lesion", tmp_path / "lesion.onnx", 64)
    names = initialiser_names(tmp_path / "lesion.onnx")
    assert "head.weight" in names
    assert not [name for name in names if name.startswith(("source_head", "condition_head"))]
    again = build("lesion", "resnet34")
    initialise(again, str(tmp_path / "last.ckpt"))
    assert same(weights(trained), weights(again))


class Says(torch.nn.Module):
    """A teacher with one answer to everything."""

    def __init__(self, logits: list[float]) -> None:
        super().__init__()
        self.logits = torch.nn.Parameter(torch.tensor(logits))

    def forward(self, images):
        return self.logits.expand(len(images), -1), images


def taught(*teachers: Says) -> LesionRecipe:
    torch.manual_seed(0)
    settings = plan(epochs=3, draws=32, batch=8, sizes=((0.0, 24),), threads=1, rate=0.1)
    settings = replace(settings, bf16=False, validate_every=3, average=0.5)
    return LesionRecipe(TinyNet(), data(), settings, teachers=teachers)


def test_several_networks_are_distilled_into_one(tmp_path):
    one, other = Says([8.0] + [0.0] * 9), Says([0.0, 8.0] + [0.0] * 8)
    made = taught(one, other)
    logits, mean = made.answer(torch.rand(2, 3, 24, 24))
    assert mean[0, 0] == mean[0, 1] > 0.4
    shares = F.one_hot(torch.tensor([0, 1]), len(LABELS)).float()
    targets = [shares, torch.tensor([0, 1]), torch.tensor([-1, -1]), torch.zeros(2, 2)]
    labels = float(taught().loss([logits], targets))
    soft = float(-(mean * F.log_softmax(logits / SOFTENED, 1)).sum(1).mean()) * SOFTENED**2
    wanted = (1 - DISTILLED) * labels + DISTILLED * soft
    assert float(made.loss([logits, mean], targets)) == pytest.approx(wanted, rel=1e-5)
    # Their classes, whatever the labels say, and no trace of them in what is kept.
    student = fit(made, tmp_path)
    assert set(student(torch.rand(40, 3, 32, 32))[0].topk(2).indices.flatten().tolist()) == {0, 1}
    held = torch.load(tmp_path / "last.ckpt", weights_only=False)["state_dict"]
    assert not [name for name in held if "teacher" in name]
    assert one.logits.tolist() == [8.0] + [0.0] * 9
