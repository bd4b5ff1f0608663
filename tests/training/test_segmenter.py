import argparse
import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from folders import write_manifest, write_phantom

from core.runtime.manifest import load_manifest
from core.runtime.weights import verify_all
from core.training import cli
from core.training.networks.fold import fold
from core.training.networks.segmenter import SegmenterNet
from core.training.phantoms import draw
from core.training.recipes import segmenter as recipe
from core.training.recipes.loop import normalise
from core.training.segmenter_data import (
    GRID,
    LESION,
    LESION_TRUST,
    SIDE,
    SKIN,
    SKIN_TRUST,
    WEAK,
    Known,
    draw_known,
    lay_lesion,
    lay_on,
    lesion_planes,
    network_planes,
    planes_of,
    render,
    segment,
    skin_maps,
    skin_planes,
    skin_with_holes_filled,
    usable,
    view,
    worse,
)
from core.training.sources import DataError, Row, read_manifest
from core.training.splits import rule, split_of

SIZE = (120, 160)


def write_folder(folder, each=16):
    """Phantoms with masks in the layout of the shared data; two of each kind from a left-out source."""
    entries = []
    for group in ("lesion", "healthy_skin", "no_skin"):
        for number in range(each):
            slug = "ordinary" if number < each - 2 else rule()["left_out_slugs"][0]
            entries.append(write_phantom(folder, group, number, SIZE, slug, masked=group != "no_skin"))
    write_manifest(folder, entries)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_folder(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def trained(data, tmp_path_factory):
    """(folder, entry) of a network that was trained for a moment."""
    out = tmp_path_factory.mktemp("segmenter")
    settings = recipe.plan(epochs=2, draws=16, batch=8)
    return out, recipe.train(data, out, settings, samples=16), settings


def row_of(group, mask="", boxes=(), slug="ordinary", label="ulcer", folder=None):
    return Row(
        root=folder or Path("."), path="a.jpg", group=group, label=label, original_label="", source="",
        slug=slug, split_key="a", width=SIZE[1], height=SIZE[0], mask=mask, boxes=tuple(boxes), licence="",
        note="",
    )  # fmt: skip


# ---------------------------------------------------------------- the network


def test_the_network_is_small_and_answers_a_quarter_of_the_pixels():
    torch.manual_seed(0)
    net = SegmenterNet().eval()
    assert sum(p.numel() for p in net.parameters()) < 400_000
    images = torch.randn(2, 3, SIDE, SIDE)
    with torch.inference_mode():
        logits, features = net(images)
        assert logits.shape == (2, 2, GRID, GRID)
        assert features.shape[0] == 2
        torch.testing.assert_close(fold(net)(images)[0], logits, rtol=1e-3, atol=1e-4)


# ---------------------------------------------------------------- what is known


def test_a_lesion_mask_tells_of_the_lesion_everywhere_and_of_skin_only_near_it():
    mask = np.zeros(SIZE, bool)
    mask[50:70, 60:90] = True
    planes = lesion_planes(mask)
    assert (planes[..., LESION_TRUST] == 255).all()
    assert (planes[mask] == 255).all()
    assert planes[60, 92].tolist() == [255, 0, WEAK, 255]  # the ring
    assert planes[5, 5].tolist() == [0, 0, 0, 255]
    assert not lesion_planes(np.zeros(SIZE, bool))[..., SKIN_TRUST].any()


def test_scenes_without_skin_are_known_throughout():
    planes = planes_of(row_of("no_skin"))
    assert not planes[..., :2].any()
    assert (planes[..., 2:] == 255).all()


def test_healthy_skin_without_a_mask_is_known_to_have_no_lesion_only():
    planes = planes_of(row_of("healthy_skin"))
    assert not planes[..., SKIN_TRUST].any()
    assert (planes[..., LESION_TRUST] == 255).all()
    assert not planes[..., LESION].any()


def test_of_a_lesion_photo_without_mask_the_middle_is_likely_skin():
    planes = planes_of(row_of("lesion"))
    assert planes[60, 80].tolist() == [255, 0, WEAK, 0]
    assert not planes[3, 3].any()
    scalp = row_of("lesion", label="alopecia")
    assert not planes_of(scalp).any()
    assert not usable(scalp)


def test_a_box_is_a_weak_lesion_with_a_doubtful_edge():
    planes = planes_of(row_of("lesion", boxes=[(40, 40, 80, 80)]))
    assert planes[60, 60].tolist() == [255, 255, WEAK, WEAK]
    assert planes[41, 41, LESION_TRUST] == 0
    assert planes[10, 10].tolist() == [0, 0, 0, WEAK]


def test_another_networks_masks_are_not_trusted():
    row = row_of("lesion", mask="not-there.png", slug="alonet", label="alopecia")
    assert not planes_of(row).any()
    assert not usable(row)


def test_a_mask_of_another_size_is_named(tmp_path):
    cv2.imwrite(str(tmp_path / "m.png"), np.zeros((10, 10), np.uint8))
    with pytest.raises(DataError, match=r"m\.png"):
        planes_of(row_of("lesion", mask="m.png", folder=tmp_path))


def test_unknown_pixels_do_not_blur_into_known_ones():
    planes = np.zeros((SIDE, SIDE, 4), np.uint8)
    planes[:, 1::2, SKIN], planes[:, 1::2, SKIN_TRUST] = (
        255,
        255,
    )  # every other column is skin, the rest unknown
    small = network_planes(planes)
    assert small.shape == (GRID, GRID, 4)
    assert (small[..., SKIN] == 255).all()
    assert (np.abs(small[..., SKIN_TRUST].astype(int) - 128) <= 1).all()


# ---------------------------------------------------------------- pictures made of two, and worse


def test_skin_laid_on_a_scene_is_known_and_changes_only_what_it_covers():
    rng = np.random.default_rng(1)
    hand = draw_known("healthy_skin", rng)
    under = draw("no_skin", 3, size=(240, 320)).rgb
    for seed in range(5):
        made = lay_on(hand, under, np.random.default_rng(seed))
        assert made.rgb.shape == under.shape
        covered = made.planes[..., SKIN] > 0
        assert covered.any()
        changed = (made.rgb.astype(int) != under.astype(int)).any(-1)
        near = cv2.dilate(covered.astype(np.uint8), np.ones((21, 21), np.uint8)) > 0
        assert not (changed & ~near & (np.abs(made.rgb.astype(int) - under).max(-1) > 3)).any()
        assert not made.planes[..., LESION].any()


def test_a_cut_out_without_skin_leaves_the_scene():
    under = draw("no_skin", 3, size=SIZE).rgb
    made = lay_on(Known(under, skin_planes(np.zeros(SIZE, bool))), under, np.random.default_rng(0))
    np.testing.assert_array_equal(made.rgb, under)
    assert not made.planes[..., SKIN].any()


def test_a_lesion_laid_on_skin_lies_on_skin():
    rng = np.random.default_rng(5)
    found = 0
    for _try in range(6):
        made = lay_lesion(draw_known("lesion", rng), draw_known("healthy_skin", rng), rng)
        if made is not None and (made.planes[..., LESION] > 0).any():
            found += 1
            assert (made.planes[..., SKIN][made.planes[..., LESION] > 0] > 0).all()
            assert (made.planes[..., 2:] == 255).all()
    assert found
    bare = Known(np.zeros((*SIZE, 3), np.uint8), skin_planes(np.zeros(SIZE, bool)))
    assert lay_lesion(draw_known("lesion", rng), bare, rng) is None


def test_a_view_keeps_picture_and_planes_together():
    rgb = np.zeros((*SIZE, 3), np.uint8)
    rgb[:, 80:] = 255
    known = Known(rgb, skin_planes(rgb[..., 0] > 0))
    for seed in range(12):
        seen = view(known, np.random.default_rng(seed), 64)
        assert seen.rgb.shape == (64, 64, 3)
        agree = (seen.rgb[..., 0] > 127) == (seen.planes[..., SKIN] > 127)
        assert agree.mean() > 0.95


def test_making_a_picture_worse_moves_nothing():
    known = Known(draw("healthy_skin", 2, size=(224, 224)).rgb, skin_planes(np.ones((224, 224), bool)))
    changed = 0
    for seed in range(8):
        made = worse(known, np.random.default_rng(seed), often=1.0)
        assert made.rgb.shape == known.rgb.shape
        assert made.planes is known.planes
        changed += bool((made.rgb != known.rgb).any())
    assert changed >= 6
    assert worse(known, np.random.default_rng(0), often=0.0) is known


def test_rendering_is_repeatable_and_needs_no_photograph(data):
    rows = [row for row in read_manifest(data) if split_of(row) == "train"]
    pictures, planes = render(rows, 10, seed=4)
    assert pictures.shape == (10, SIDE, SIDE, 3)
    assert planes.shape == (10, GRID, GRID, 4)
    assert pictures.dtype == planes.dtype == np.uint8
    again = render(rows, 10, seed=4)
    np.testing.assert_array_equal(pictures, again[0])
    np.testing.assert_array_equal(planes, again[1])
    assert (render([], 3, seed=4)[0].std((1, 2, 3)) > 0).all()


# ---------------------------------------------------------------- the recipe


def test_the_loss_looks_only_at_what_is_known():
    planes = torch.zeros(1, 4, 4, 4, dtype=torch.uint8)
    planes[0, :2, :, SKIN] = 255
    planes[0, :, :, SKIN_TRUST] = 255
    planes[0, :, :2, LESION_TRUST] = 255
    right = torch.full((1, 2, 4, 4), -9.0)
    right[0, 0, :2] = 9.0
    unknown = right.clone()
    unknown[0, 1, :, 2:] = 9.0
    wrong = right.clone()
    wrong[0, 0] *= -1
    assert recipe.masked_loss(right, planes) < 0.3
    torch.testing.assert_close(recipe.masked_loss(right, planes), recipe.masked_loss(unknown, planes))
    assert recipe.masked_loss(wrong, planes) > 3
    nothing = recipe.masked_loss(right, torch.zeros_like(planes))
    assert torch.isfinite(nothing)


def test_intersection_over_union():
    planes = np.zeros((1, 4, 4, 4), np.uint8)
    planes[0, :2, :, SKIN] = 255
    planes[..., SKIN_TRUST] = 255
    said = np.zeros((1, 4, 4), bool)
    said[0, 1:3] = True
    assert recipe.iou(said, planes, SKIN) == pytest.approx(1 / 3)
    assert np.isnan(recipe.iou(said, planes, LESION))


def test_a_trained_network_is_written_with_its_story(trained, data):
    out, entry, _settings = trained
    assert (out / "segmenter.onnx").stat().st_size == entry.bytes < 1_000_000
    assert not any(isinstance(found, Exception) for found in verify_all(directory=out).values())
    assert load_manifest(out / "manifest.json").networks["segmenter"] == entry
    assert entry.labels == ["skin", "lesion"]
    assert rule()["left_out_slugs"][0] not in entry.provenance["data"]
    figures = entry.metrics["left_out"]
    assert figures["skin"]["all"]["n"] == figures["lesion"]["all"]["n"] == 2
    assert figures["separation"]["n_skin"] == 4
    assert figures["separation"]["n_no_skin"] == 2
    json.dumps(entry.metrics, allow_nan=False)


def test_the_file_answers_as_the_network_does(trained):
    out, _entry, _settings = trained
    net = recipe.load(out / "segmenter.pt")
    images = np.stack([cv2.resize(draw("lesion", seed, size=SIZE).rgb, (224, 224)) for seed in range(3)])
    chances = segment(images, out / "segmenter.onnx", batch=2)
    assert chances.shape == (3, GRID, GRID, 2)
    assert chances.dtype == np.float32
    assert chances.min() >= 0
    assert chances.max() <= 1
    small = torch.from_numpy(
        np.stack([cv2.resize(i, (SIDE, SIDE), interpolation=cv2.INTER_AREA) for i in images])
    )
    with torch.inference_mode():
        wanted = torch.sigmoid(net(normalise(small))[0]).permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(chances, wanted, atol=0.01)


def from_command_line(*words) -> int:
    parser = argparse.ArgumentParser()
    cli.add_parser(parser.add_subparsers())
    args = parser.parse_args(["train", "segmenter", "--epochs", "1", *map(str, words)])
    return args.run(args)


def test_it_is_trained_from_the_command_line(data, tmp_path, capsys):
    quick = ["--data", data, "--draws", 8, "--batch", 4, "--samples", 8, "--threads", 1]
    assert from_command_line(*quick, "--out", tmp_path, "--seed", 7) == 0
    assert "Written" in capsys.readouterr().out
    story = load_manifest(tmp_path / "manifest.json").networks["segmenter"].provenance
    assert (story["seed"], story["epochs"], story["samples"]) == (7, 1, 8)
    assert story["commit"] != ""
    for words in (["--init", "imagenet"], ["--resume"], ["--data", tmp_path / "nowhere"]):
        assert from_command_line(*quick, "--out", tmp_path / "none", *words) == 1
        shown = capsys.readouterr().err.strip().splitlines()[-1]
        assert shown.endswith("."), shown
        assert "Traceback" not in shown


def test_there_must_be_something_to_resume_from(trained, data, tmp_path):
    out, _entry, settings = trained
    assert (out / "last.ckpt").is_file()
    with pytest.raises(FileNotFoundError):
        recipe.train(data, tmp_path, settings, samples=4, resume=True)


def test_a_folder_without_masks_is_a_sentence(data, tmp_path):
    (tmp_path / "manifest.csv").write_text((data / "manifest.csv").read_text().split("\n")[0] + "\n")
    with pytest.raises(DataError):
        recipe.train(tmp_path, tmp_path, recipe.plan(), samples=1)
    entries = [
        write_phantom(tmp_path, group, number, SIZE, "ordinary", masked=False)
        for group in ("lesion", "healthy_skin", "no_skin")
        for number in range(8)
    ]
    write_manifest(tmp_path, entries)
    with pytest.raises(DataError, match="masks"):
        recipe.train(tmp_path, tmp_path, recipe.plan(), samples=1)


def test_a_lesion_that_skin_surrounds_is_kept_with_it():
    chance = np.zeros((GRID, GRID, 2), np.float32)
    chance[10:40, 10:40, SKIN] = 1
    chance[20:30, 20:30, SKIN] = 0  # a black mole
    chance[40:44, 10:20, LESION] = 1  # a lesion at the edge of the skin
    kept = skin_with_holes_filled(chance, 0.5)
    assert kept[10:40, 10:40].all()
    assert kept[41, 15]
    assert kept.sum() == 30 * 30 + 4 * 10
    assert skin_with_holes_filled(np.ones_like(chance), 0.5).all()
    assert not skin_with_holes_filled(np.zeros_like(chance), 0.5).any()


def test_maps_of_skin_are_black_and_white_and_follow_the_level(trained):
    out, _entry, _settings = trained
    pictures = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), np.uint8)
    maps = skin_maps(pictures, out / "segmenter.onnx", level=0.0)
    assert maps.shape == (3, GRID, GRID)
    assert maps.dtype == np.uint8
    assert (maps == 255).all()
    assert not skin_maps(pictures, out / "segmenter.onnx", level=1.01).any()
