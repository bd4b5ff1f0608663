import math
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from torch import nn

from core.networks.lesion import LABELS, LesionNet
from core.runtime.probability import softmax
from core.synthetic.degrade import MEASURES
from training.data.lesion_data import Picture, balanced_picks, training_view
from training.recipes.calibrate import fit_temperature
from training.recipes.imageqx import (
    CONFIGURATIONS,
    Choices,
    ImageQXRecipe,
    PoolData,
    class_weights,
    standard_measures,
)
from training.recipes.lesion import PLAN, LesionData, LesionRecipe
from training.recipes.loop import fit, rate_groups
from training.recipes.range_test import earlier_optimum, range_test, steepest, write_range_test
from training.recipes.schedule import restart_rate, size_at


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


class TinyNet(nn.Module):
    """Stands in for the real trunk: with BatchNorm and dropout, so that their state matters."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.Sequential(
            nn.Conv2d(3, 8, 3, stride=2), nn.BatchNorm2d(8), nn.ReLU(), nn.Dropout(0.2)
        )
        self.head = nn.Linear(8, len(LABELS))

    def forward(self, images):
        features = self.trunk(images)
        return self.head(features.mean((2, 3))), features


def pictures(each: int, seed: int = 0) -> list[Picture]:
    """Flat colours with noise, a colour for each class."""
    rng = np.random.default_rng(seed)
    made = []
    for label in range(len(LABELS)):
        for _ in range(each):
            colour = np.random.default_rng(label).uniform(30, 225, 3)
            rgb = np.clip(colour + rng.normal(0, 8, (40, 50, 3)), 0, 255).astype(np.uint8)
            made.append(Picture(rgb, ((0.3, 0.3, 0.7, 0.7),), label, "drawn"))
    return made


def recipe(epochs: int, seed: int = 0, loss: str = "cross-entropy", **changes) -> LesionRecipe:
    torch.manual_seed(seed)
    data = LesionData(pictures(3), pictures(1, seed=9), size=32)
    small = {"draws": 32, "batch": 8, "sizes": ((0.0, 24), (0.5, 32)), "threads": 1, "bf16": False}
    settings = replace(PLAN, epochs=epochs, seed=seed, validate_every=1, **small | changes)
    return LesionRecipe(TinyNet(), data, settings, loss=loss)


def weights(net: nn.Module) -> dict[str, np.ndarray]:
    return {name: value.numpy().copy() for name, value in net.state_dict().items()}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def test_training_learns_colours_and_leaves_checkpoints(tmp_path):
    quick = recipe(12, peak=0.1, average=0.9)
    before = quick.score([quick.net.eval()(torch.rand(40, 3, 32, 32))[0]], [torch.arange(40) % 10])[
        "accuracy"
    ]
    fit(quick, tmp_path)
    assert (tmp_path / "last.ckpt").is_file()
    assert (tmp_path / "best.ckpt").is_file()
    assert "score" in (tmp_path / "metrics.csv").read_text()
    assert float(quick.trainer.callback_metrics["accuracy"]) > max(0.5, before)


def test_a_seed_decides_everything(tmp_path):
    first = weights(fit(recipe(2, seed=3), tmp_path / "a"))
    second = weights(fit(recipe(2, seed=3), tmp_path / "b"))
    other = weights(fit(recipe(2, seed=4), tmp_path / "c"))
    assert same(first, second)
    assert not same(first, other)


def test_a_resumed_run_ends_where_an_unbroken_one_does(tmp_path):
    whole = weights(fit(recipe(4), tmp_path / "whole"))

    class Broken(Exception):
        pass

    part = recipe(4)
    original = part.on_train_batch_start

    def stop_in_the_third_epoch(batch, batch_idx):
        if part.current_epoch == 2 and batch_idx == 1:
            raise Broken
        original(batch, batch_idx)

    part.on_train_batch_start = stop_in_the_third_epoch
    with pytest.raises(Broken):
        fit(part, tmp_path / "part")
    resumed = recipe(4)
    net = fit(resumed, tmp_path / "part", resume=True)
    assert resumed.current_epoch == 4
    assert same(whole, weights(net))


def test_resume_without_a_checkpoint_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError):
        fit(recipe(1), tmp_path, resume=True)


def test_a_run_ends_when_its_minutes_are_over(tmp_path):
    now = [0.0]

    def clock() -> float:
        now[0] += 1.0
        return now[0]

    torch.manual_seed(0)
    slow = recipe(10_000, minutes=1.0)
    timed = LesionRecipe(slow.net, slow.data, slow.plan, clock)
    fit(timed, tmp_path)
    assert timed.progress == 1.0
    assert timed.global_step < 60


def test_rate_restarts_with_cycles_twice_as_long():
    def rate(progress):
        return restart_rate(progress, peak=2.0, floor=0.1, cycles=3, warmup=0)

    assert rate(0) == pytest.approx(2.1)
    assert rate(1 / 14) == pytest.approx(1.1)
    assert rate(1 / 7 - 1e-9) == pytest.approx(0.1, abs=1e-4)
    assert rate(1 / 7) == pytest.approx(2.1)
    assert rate(2 / 7) == pytest.approx(1.1)
    assert rate(3 / 7) == pytest.approx(2.1)
    assert rate(5 / 7) == pytest.approx(1.1)
    assert rate(1) == pytest.approx(0.1)
    quarter = 3 / 7 + (4 / 7) / 4
    assert rate(quarter) == pytest.approx(2.0 / 2 * (1 + math.cos(math.pi / 4)) + 0.1)


def test_rate_climbs_at_first():
    rates = [restart_rate(p, 1.0, warmup=0.02) for p in (0.0, 0.005, 0.01, 0.02)]
    assert rates == sorted(rates)
    assert rates[0] < 0.1
    assert rates[-1] > 0.9


def test_size_grows_at_the_given_shares():
    sizes = ((0.0, 128), (0.5, 160), (0.9, 224))
    assert [size_at(p, sizes) for p in (0, 0.49, 0.5, 0.89, 0.9, 1)] == [128, 128, 160, 160, 224, 224]


def test_picks_are_even_over_classes_and_by_root_over_sources():
    pixel = np.zeros((8, 8, 3), np.uint8)
    held = [Picture(pixel, (), 0, "big")] * 900 + [Picture(pixel, (), 0, "small")] * 100
    held += [Picture(pixel, (), 1, "rare")] * 10 + [Picture(pixel, (), 1, "phantom")] * 50
    picks = balanced_picks(held, 4000, np.random.default_rng(0), phantom_share=0.1)
    drawn = [held[index] for index in picks]
    assert sum(p.label == 0 for p in drawn) == pytest.approx(2000, abs=3)
    assert sum(p.slug == "big" for p in drawn) == pytest.approx(1500, abs=3)
    assert sum(p.slug == "small" for p in drawn) == pytest.approx(500, abs=3)
    assert sum(p.slug == "phantom" for p in drawn) == pytest.approx(200, abs=3)
    assert sorted(picks) != list(picks)


def test_views_show_the_lesion_and_differ():
    rgb = np.full((120, 160, 3), (200, 160, 140), np.uint8)
    rgb[50:70, 70:100] = (20, 20, 200)
    picture = Picture(rgb, ((70 / 160, 50 / 120, 100 / 160, 70 / 120),), 0, "drawn")
    views = [training_view(picture, 64, np.random.default_rng(i)) for i in range(30)]
    assert all(view.shape == (64, 64, 3) and view.dtype == np.uint8 for view in views)
    shares = [np.mean(view[..., 2].astype(int) > view[..., 0].astype(int) + 30) for view in views]
    assert sum(share > 0.004 for share in shares) >= 28
    assert len({view.tobytes() for view in views}) == 30
    again = training_view(picture, 64, np.random.default_rng(0))
    np.testing.assert_array_equal(views[0], again)


def test_class_weights_follow_the_paper():
    labels = np.array([0] * 100 + [1] * 50 + [2] * 5 + [3] * 100)
    np.testing.assert_allclose(class_weights(labels), [1, 2, 10, 1])


class Judged:
    """What the ImageQX recipe asks of its data before training."""

    labels = np.array([0] * 4 + [1] * 2 + [2] * 4 + [3] * 4)

    def __init__(self, choices: Choices) -> None:
        self.choices = choices


OURS, PAPERS = CONFIGURATIONS["retake"], CONFIGURATIONS["paper"]
GIVEN = torch.tensor([[1.0, 0, 0, 0, 0], [0, 0, 0, 0, 0]])
ONE = -math.log(math.exp(2) / (math.exp(2) + 3))
TWO = -math.log(math.e / (math.e + 3))
NO_MEASURES = torch.full((2, len(MEASURES)), math.nan)
NO_PLACES = torch.full((2, 14, 14), math.nan)


def imageqx_loss(
    choices: Choices,
    shares: torch.Tensor | None = None,
    measures: torch.Tensor = NO_MEASURES,
    places: torch.Tensor = NO_PLACES,
) -> float:
    """The loss of two pictures, of classes 0 and 1, to which the extra heads answer 3 and 0 throughout."""
    judged = ImageQXRecipe(TinyNet(), Judged(choices), PLAN)
    quality = torch.tensor([[2.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]])
    outputs = [quality, torch.zeros(2, 5)]
    if choices.measures:
        outputs.append(torch.full((2, len(MEASURES)), 3.0))
    if choices.places:
        outputs += [torch.zeros(2, 1, 7, 7), torch.zeros(2, 1, 14, 14)]
    hard = torch.eye(4)[[0, 1]] if shares is None else shares
    return float(judged.loss(outputs, [hard, torch.tensor([0, 1]), GIVEN, measures, places]))


PAPERS_SUM = 1.0 * (1 * ONE + 2 * TWO) / 3 + 5.0 * math.log(2)


def test_imageqx_loss_is_the_papers_sum():
    assert imageqx_loss(PAPERS) == pytest.approx(PAPERS_SUM, rel=1e-5)
    # What nobody knows costs nothing.
    assert imageqx_loss(OURS) == pytest.approx(PAPERS_SUM, rel=1e-5)


def test_measures_and_places_take_their_shares():
    measures = NO_MEASURES.clone()
    measures[0, 3] = 1.0
    off = 3.0 - 1.0 - 0.5  # smooth L1
    assert imageqx_loss(OURS, measures=measures) == pytest.approx(PAPERS_SUM + 2.0 * off, rel=1e-5)
    places = NO_PLACES.clone()
    places[1] = 0.0
    assert imageqx_loss(OURS, places=places) == pytest.approx(PAPERS_SUM + 2.0 * math.log(2), rel=1e-5)


def test_soft_labels_count_each_class_by_its_share():
    shares = torch.tensor([[0.5, 0.5, 0, 0], [0.0, 1.0, 0, 0]])
    other = -math.log(1 / (math.exp(2) + 3))  # of class 1 in the first picture
    wanted = (0.5 * ONE + 0.5 * 2 * other + 2 * TWO) / 3 + 5.0 * math.log(2)
    assert imageqx_loss(PAPERS, shares) == pytest.approx(wanted, rel=1e-5)


@pytest.fixture(scope="module")
def small_pool(tmp_path_factory):
    """A pool of twelve made-up samples, five of them without skin."""
    folder = tmp_path_factory.mktemp("pool")
    rng = np.random.default_rng(0)
    for name in ("images.npy", "details.npy"):
        np.save(folder / name, rng.integers(0, 256, (12, 224, 224, 3), np.uint8))
    places = np.zeros((12, 14, 14), np.uint8)
    places[0, 0, 13] = 254
    places[1] = 255
    votes = np.tile(np.uint16([8, 0, 0, 4]), (12, 1))
    given = np.zeros((12, 5), np.uint16)
    given[:, 1] = 3
    np.savez(
        folder / "labels.npz",
        split=np.array(["train"] * 10 + ["validation"] * 2),
        slug=np.array(["a", "b"] * 6),
        split_key=np.array([f"key{place // 2}" for place in range(12)]),
        group=np.array(["lesion"] * 5 + ["no_skin"] * 5 + ["lesion"] * 2),
        quality_votes=votes,
        explanation_votes=given,
        measures=rng.uniform(0.1, 1, (12, len(MEASURES))).astype(np.float32),
        places=places,
    )
    return folder


def test_a_draw_turns_pictures_and_places_alike(small_pool):
    data = PoolData(small_pool, OURS)
    corners = set()
    for seed in range(20):
        item = data.training_item(0, 160, np.random.default_rng(seed))
        whole, detail, shares, label, given, _measures, places = item
        assert whole.shape == (160, 160, 3)
        assert detail.shape == (160, 160, 3)  # cut, not shrunk: noise stays as rough as it was
        assert np.abs(np.diff(detail.astype(float), axis=0)).mean() > 70
        np.testing.assert_allclose(shares, [8 / 12, 0, 0, 4 / 12], rtol=1e-6)
        assert label == 0
        np.testing.assert_allclose(given, [0, (1 + 3 / 12) / 2, 0, 0, 0], rtol=1e-6)
        assert places.max() == 1
        corners.add(tuple(np.argwhere(places == 1)[0]))
    assert corners == {(0, 0), (0, 13), (13, 0), (13, 13)}
    assert np.isnan(data.training_item(1, 160, np.random.default_rng(0))[-1]).all()


def test_the_papers_configuration_has_one_view_and_hard_labels(small_pool):
    whole, shares, _label, given, *_rest = PoolData(small_pool, PAPERS).training_item(
        0, 224, np.random.default_rng(0)
    )
    assert whole.shape == (224, 224, 3)
    assert shares.tolist() == [1, 0, 0, 0]
    assert given.tolist() == [0, 1, 0, 0, 0]


def test_every_sample_of_the_training_side_is_drawn_and_its_subjects_are_counted(small_pool):
    data = PoolData(small_pool, OURS)
    assert (len(data.labels), data.subjects) == (10, 5)
    assert set(data.picks(10, np.random.default_rng(0))) == set(range(10))


def test_validation_may_look_at_a_few_only(small_pool):
    assert len(PoolData(small_pool, OURS).validation()) == 2
    assert len(PoolData(small_pool, OURS, look=1).validation()) == 1


def test_measures_become_targets_on_one_scale():
    rng = np.random.default_rng(0)
    measures = rng.uniform(0.1, 0.9, (200, len(MEASURES)))
    measures[:50, MEASURES.index("extent")] = np.nan
    measures[:, MEASURES.index("pixels")] *= 1000
    targets = standard_measures(measures)
    assert np.isnan(targets[:50, MEASURES.index("extent")]).all()
    np.testing.assert_allclose(np.nanmean(targets, axis=0), 0, atol=0.01)
    np.testing.assert_allclose(np.nanstd(targets, axis=0), 1, atol=0.01)
    pixels = MEASURES.index("pixels")
    assert np.array_equal(np.argsort(targets[:, pixels]), np.argsort(measures[:, pixels]))
    assert np.isnan(standard_measures(np.full((3, len(MEASURES)), np.nan))).all()


def test_temperature_undoes_overconfidence():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 1.5, (4000, 4))
    odds = softmax(logits).cumsum(1)
    labels = (rng.random((4000, 1)) > odds).sum(1)
    assert fit_temperature(logits * 3, labels) == pytest.approx(3, rel=0.1)
    assert fit_temperature(logits, labels) == pytest.approx(1, rel=0.1)


def test_a_pretrained_trunk_learns_in_thirds_and_the_head_first():
    net = LesionNet("resnet34")
    groups = rate_groups(net, pretrained=True)
    assert [factor for factor, _trunk, _held in groups] == [0.01, 0.1, 1.0, 1.0]
    assert [trunk for _factor, trunk, _held in groups] == [True, True, True, False]
    held = [id(p) for _factor, _trunk, parameters in groups for p in parameters]
    assert sorted(held) == sorted(id(p) for p in net.parameters())
    assert any(p is net.trunk.conv1.weight for p in groups[0][2])
    assert any(p is net.trunk.layer4[2].conv2.weight for p in groups[2][2])
    assert {id(p) for p in groups[3][2]} == {id(net.head.weight), id(net.head.bias)}
    assert len(rate_groups(net, pretrained=False)) == 1


def test_the_trunk_stands_still_while_the_head_learns_alone(tmp_path):
    class Deep(TinyNet):
        def __init__(self) -> None:
            super().__init__()
            layers = [nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)]
            self.trunk = nn.Sequential(*self.trunk, *layers)

    def moved(epochs: int) -> tuple[bool, bool]:
        made = recipe(10, pretrained=True, weight_decay=0.0)
        run = LesionRecipe(Deep(), made.data, made.plan)
        before = {name: value.clone() for name, value in run.net.named_parameters()}
        original = run.on_train_batch_end

        def stop(*args):
            original(*args)
            run.trainer.should_stop = run.current_epoch + 1 >= epochs

        run.on_train_batch_end = stop
        fit(run, tmp_path / str(epochs))
        changed = {n for n, value in run.net.named_parameters() if not torch.equal(before[n], value)}
        return any(n.startswith("trunk") for n in changed), any(n.startswith("head") for n in changed)

    assert moved(1) == (False, True)
    assert moved(3) == (True, True)


def test_the_range_test_finds_a_rate_that_learns_and_touches_nothing():
    made = recipe(4)
    before = weights(made)
    test = range_test(made, low=1e-4, high=10.0, steps=40)
    assert same(before, weights(made))
    assert 1e-3 < test.optimum < 1.0
    assert test.losses[-1] > 1.5 * min(test.losses)  # a rate of 10 is too much
    assert len(test.rates) == len(test.losses) == len(test.slopes)
    assert list(test.rates) == sorted(test.rates)
    assert test.optimum == range_test(recipe(4), low=1e-4, high=10.0, steps=40).optimum


def test_the_optimum_is_where_the_loss_falls_fastest():
    rates = np.geomspace(1e-4, 1, 81)
    # A step down at 0.01, then ruin.
    losses = 2 - 1 / (1 + np.exp(-4 * (np.log10(rates) + 2))) + 5 * np.maximum(0, np.log10(rates) + 0.5)
    test = steepest(rates, losses)
    assert np.log10(test.optimum) == pytest.approx(-2, abs=0.1)
    assert test.slopes[int(np.argmin(np.abs(rates - 0.01)))] == pytest.approx(-1, rel=0.15)
    losses[-3:] = np.inf
    losses[5] = np.nan
    assert np.log10(steepest(rates, losses).optimum) == pytest.approx(-2, abs=0.1)


def test_the_range_test_is_drawn_with_loss_and_slope(tmp_path):
    rates = np.geomspace(1e-4, 1, 41)
    path = write_range_test(steepest(rates, 2 - np.log10(rates)), tmp_path / "new")
    drawn = path.read_text()
    assert drawn.count("<polyline") == 2
    assert "Learning-rate range test" in drawn
    ElementTree.fromstring(drawn)
    assert earlier_optimum(tmp_path) is None
    assert earlier_optimum(tmp_path / "new") == steepest(rates, 2 - np.log10(rates)).optimum


def test_binary_cross_entropy_with_logits_as_they_used_it():
    judged = recipe(1, loss="bce")
    logits, label = torch.tensor([[2.0, -1.0, *[0.0] * 8]]), torch.tensor([0])
    shares = nn.functional.one_hot(label, 10).float()
    by_hand = (math.log(1 + math.exp(-2)) + math.log(1 + math.exp(-1)) + 8 * math.log(2)) / 10
    assert float(judged.loss([logits], [shares])) == pytest.approx(by_hand, rel=1e-5)
    assert float(recipe(1).loss([logits], [shares])) != pytest.approx(by_hand, rel=0.1)
