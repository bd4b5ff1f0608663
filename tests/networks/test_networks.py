import pytest
import torch

from core.networks.fold import fold
from core.networks.imageqx import (
    EARLY,
    LATE,
    MIDDLE,
    MOST_ADDED,
    TOLD,
    DetailNet,
    FramingNet,
    ImageQXNet,
    StatisticsNet,
    channel_statistics,
    cosine_bank,
)
from core.networks.lesion import ARCHITECTURES, LABELS, LesionNet
from core.quality.labels import EXPLANATIONS, FRAMINGS
from training.networks.export import output_names


@pytest.mark.parametrize(("views", "width"), [(1, 1280), (2, 1344)])
def test_imageqx_shapes_and_parameter_names(views, width):
    torch.set_num_threads(1)
    net = ImageQXNet(views).eval()
    pictures = [torch.zeros(2, 3, 224, 224)] * views
    with torch.inference_mode():
        quality, explanations, places, features = net(*pictures)
    assert quality.shape == (2, 4)
    assert explanations.shape == (2, 5)
    assert places.shape == (2, 1, 7, 7)
    assert features.shape == (2, 1280, 7, 7)
    shapes = {name: tuple(value.shape) for name, value in net.named_parameters()}
    assert shapes["explain_hidden.weight"] == (64, width)
    assert shapes["explain_out.weight"] == (5, 64)
    assert shapes["quality_hidden.weight"] == (64, width)
    assert shapes["quality_out.weight"] == (4, 69)


def test_the_papers_network_does_not_say_where_the_lesion_is():
    net = ImageQXNet(views=1, places=False).eval()
    with torch.inference_mode():
        assert [output.ndim for output in net(torch.zeros(1, 3, 64, 64))] == [2, 2, 4]
    assert not {"places", "framing"} & set(output_names("imageqx", net))


def framing_of_any_weights() -> FramingNet:
    torch.manual_seed(0)
    module = FramingNet()
    for norm in module.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            torch.nn.init.normal_(norm.running_mean)
            torch.nn.init.uniform_(norm.running_var, 0.5, 2)
    return module.eval()


def test_framing_is_read_of_three_late_maps_and_changes_nothing_else():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = ImageQXNet(views=1, framing=True).eval()
    picture = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        found = net.describe(picture)
        assert tuple(one.shape[1:] for one in found.late) == ((LATE[0], 7, 7), (LATE[1], 7, 7))
        before = dict(zip(output_names("imageqx", net), net(picture), strict=True))
        assert before["framing"].shape == (2, len(FRAMINGS))
        assert torch.equal(before["framing"], net.framing(found.middle, *found.late))
        net.framing.tell.bias += 1
        after = dict(zip(output_names("imageqx", net), net(picture), strict=True))
    assert [name for name in before if not torch.equal(before[name], after[name])] == ["framing"]


def test_framing_sees_the_edge_and_means_the_same_mirrored_and_folded():
    module = framing_of_any_weights()
    maps = [torch.randn(1, MIDDLE, 14, 14), *(torch.randn(1, channels, 7, 7) for channels in LATE)]
    shifted = [one.roll(2 * (one.shape[-1] // 7), dims=3) for one in maps]
    with torch.inference_mode():
        told = module(*maps)
        assert torch.allclose(fold(module)(*maps), told, atol=1e-4)
        assert not torch.allclose(module(*shifted), told, atol=1e-2)
        module.around.weight.copy_((module.around.weight + module.around.weight.flip(3)) / 2)
        assert torch.allclose(module(*(one.flip(3) for one in maps)), module(*maps), atol=1e-4)


def test_cosine_patterns_see_no_brightness_and_each_another_fineness():
    bank = cosine_bank().reshape(63, 64)
    assert torch.allclose(bank @ bank.T, torch.eye(63), atol=1e-3)
    assert float(bank.sum(1).abs().max()) < 1e-3
    assert torch.equal(bank, bank.half().float())


def test_the_heads_tell_low_resolution_by_the_detail_alone_whatever_was_learnt():
    torch.manual_seed(0)
    net = ImageQXNet(views=2)
    with torch.no_grad():
        for parameter in (net.explain_hidden.weight, net.explain_out.weight):
            parameter.normal_()  # as if filled from a file
    net.keep_apart()
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-2)
    for _step in range(2):
        answers = net(torch.randn(4, 3, 64, 64), torch.randn(4, 3, 64, 64))[1]
        optimiser.zero_grad()
        answers.square().sum().backward()
        optimiser.step()
    net.eval()
    column = EXPLANATIONS.index("low_resolution")
    frames, details = torch.randn(2, 2, 3, 64, 64), torch.randn(2, 2, 3, 64, 64)
    with torch.inference_mode():
        here = net(frames[0], details[0])[1]
        frame_changed = (net(frames[1], details[0])[1] - here).abs().amax(0)
        detail_changed = (net(frames[0], details[1])[1] - here).abs().amax(0)
    assert frame_changed[column] == 0
    assert (frame_changed > 0).sum() == len(EXPLANATIONS) - 1
    assert (detail_changed > 0).all()


def test_pixels_that_were_lost_show_in_the_detail():
    torch.manual_seed(0)
    net = DetailNet().eval()
    sharp = torch.rand(1, 3, 64, 64)
    small = torch.nn.functional.interpolate(sharp, scale_factor=0.5, mode="area")
    lost = torch.nn.functional.interpolate(small, size=(64, 64), mode="bilinear")
    with torch.inference_mode():
        far, near = (net(other) - net(sharp) for other in (lost, sharp.flip(3)))
    assert far.norm() > 3 * near.norm()


def test_detail_is_told_by_sharpness_in_the_dark_as_in_the_light():
    torch.manual_seed(0)
    net = DetailNet().eval()
    sharp = torch.rand(1, 3, 64, 64)
    soft = torch.nn.functional.avg_pool2d(sharp, 5, stride=1, padding=2)
    with torch.inference_mode():
        apart = [(net(factor * sharp) - net(factor * soft)).norm() for factor in (1.0, 0.3)]
    assert apart[1] > 0.3 * apart[0] > 0


def test_channel_statistics_are_means_and_deviations_over_the_picture():
    maps = torch.randn(3, 5, 9, 7) * 4 + 2
    mean, deviation = channel_statistics(maps)
    assert torch.allclose(mean, maps.flatten(2).mean(2), atol=1e-5)
    assert torch.allclose(deviation, maps.flatten(2).std(2, correction=0), atol=1e-3)
    assert torch.allclose(channel_statistics(torch.ones(1, 1, 4, 4))[1], torch.tensor(1e-3))


def test_statistics_speak_for_light_and_sharpness_alone():
    torch.manual_seed(0)
    module = StatisticsNet().eval()
    told = module(torch.randn(4, 384))
    assert float(module(1e6 * torch.randn(4, 384)).detach().abs().max()) <= MOST_ADDED
    assert told.shape == (4, len(EXPLANATIONS))
    for column, name in enumerate(EXPLANATIONS):
        assert bool((told[:, column] != 0).all()) == (name in TOLD), name


def test_statistics_change_the_classes_through_the_explanations_and_leave_the_maps():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = ImageQXNet(views=1, statistics=True).eval()
    picture = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        net.quality_out.weight[:, 64:].normal_()
        quality, explanations, places, features = net(picture)
        described = net.describe(picture)
        net.statistics.tell.bias[:] = 3
        changed = net(picture)
    assert torch.equal(described.quality, quality)
    assert torch.equal(described.features, features)
    assert tuple(one.shape[1] for one in described.early) == EARLY
    assert (changed[0] != quality).all()
    assert (changed[1] != explanations).sum() == len(TOLD)
    assert torch.equal(changed[2], places)
    assert torch.equal(changed[3], features)


def test_imageqx_explanation_head_is_affine_and_quality_sees_explanations_through_a_sigmoid():
    torch.set_num_threads(1)
    torch.manual_seed(0)
    net = ImageQXNet(views=1).eval()
    features = torch.rand(1, 1280, 2, 2)
    net.trunk = torch.nn.Sequential(torch.nn.Identity())
    with torch.inference_mode():
        zero, one, two = (net(features * factor) for factor in (0, 1, 2))
        # Affine in the features: the step from 0 to 1 is the step from 1 to 2.
        assert torch.allclose(one[1] - zero[1], two[1] - one[1], atol=1e-5)
        net.quality_out.weight[:, :64] = 0
        quality, explanations, _places, _features = net(features)
        by_hand = net.quality_out(torch.cat([torch.zeros(1, 64), torch.sigmoid(explanations)], 1))
    assert torch.allclose(quality, by_hand, atol=1e-6)


def test_lesion_shapes():
    torch.set_num_threads(1)
    net = LesionNet("resnet34").eval()
    with torch.inference_mode():
        logits, features = net(torch.zeros(1, 3, 224, 224))
    assert logits.shape == (1, 10) == (1, len(LABELS))
    assert features.shape == (1, 512, 7, 7)
    assert tuple(net.head.weight.shape) == (10, 512)
    assert set(ARCHITECTURES) == {"efficientnet_b0", "resnet34", "resnet50", "resnet101", "resnet152"}
