from made_up_report import made_up

from core.reports import story


def test_the_first_sentence_is_what_a_patient_wants_to_know():
    told = story.story(made_up())
    assert told[0] == (
        "Of 100 good photos of a spot, about 83 pass. Of 100 photos with a fault, about 91 are sent back "
        "for another try."
    )
    assert "86 good ones pass and 91 with a fault" in told[1]
    assert "judges light best and framing least well" in told[2]
    assert "92 times in 100 for light and 81 times for framing" in told[2]
    assert "up to 9 in 100" in told[3]


def test_the_first_sentence_says_what_it_rests_on():
    assert story.headline_source(made_up()) == (
        "From 130 good (95% interval 79% to 87%) and 210 faulty (95% interval 87% to 95%) photos. Photos "
        "from collections that the network never saw while it learnt: the honest figure."
    )
    report = made_up()
    del report["operating_points"]
    assert story.headline_source(report).startswith("From 70 good and 120 faulty photos.")
    assert story.headline_source({}) == ""


def test_without_operating_points_the_gate_speaks():
    report = made_up()
    del report["operating_points"]
    found = story.gate(report, "left_out")
    assert (round(found.passes, 2), found.good, round(found.refused, 2), found.faulty) == (
        0.81,
        70,
        0.87,
        120,
    )
    assert story.gate(report, "left_out", "strict") is None
    assert "about 81 pass" in story.story(report)[0]


def test_without_new_collections_the_known_ones_speak_once():
    report = made_up()
    del report["sections"]["left_out"]
    for point in report["operating_points"].values():
        del point["sections"]["left_out"]
    told = story.story(report)
    assert "about 86 pass" in told[0]
    assert not any("learnt from, about" in sentence for sentence in told)


def test_nothing_is_told_of_nothing():
    assert story.story({}) == ()
    assert story.story({"sections": {"left_out": {"n": 3}}}) == ()


def test_simulated_labels_are_named_as_such():
    report = made_up()
    assert "labels are simulated" in story.simulated(report)
    assert "No dermatologist rated" in story.simulated(report)
    assert "votes of real people" not in story.simulated(report)
    report["sections"]["rated"] = {"n": 20}
    assert "votes of real people" in story.simulated(report)


def test_where_the_figures_are_from():
    told = story.provenance(made_up())
    assert told.startswith("Benchmark made-up-1 (seed 1); New collections: 400 photos; Known")
    assert "95% intervals" in told
    assert story.counted(made_up(), ["phantoms"]) == "Drawn skin: 60 photos"


def test_a_shortened_run_is_known():
    assert story.shortened({"benchmark": "retake-quality-1 (shortened)"})
    assert not story.shortened(made_up())


def test_the_limits_name_the_papers_means():
    assert any("do not follow from the rows" in sentence for sentence in story.limits())
