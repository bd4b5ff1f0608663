from core.lesion.confused import known_pair
from core.lesion.prediction import Prediction
from core.runtime.manifest import ConfusedPair

WHEAL_AS_ACNE = ConfusedPair(true="wheal", said="acne", count=9, of=40)
ACNE_AS_WHEAL = ConfusedPair(true="acne", said="wheal", count=6, of=30)


def prediction(*labels):
    return Prediction(labels, (0.5, 0.3, 0.2), False, None, 1.0)


def test_only_the_two_best_classes_make_a_pair():
    assert known_pair(prediction("acne", "wheal", "ulcer"), [WHEAL_AS_ACNE]) == WHEAL_AS_ACNE
    assert known_pair(prediction("acne", "ulcer", "wheal"), [WHEAL_AS_ACNE]) is None
    assert known_pair(prediction("acne", "wheal", "ulcer"), []) is None


def test_either_order_counts_and_the_direction_of_the_answer_comes_first():
    assert known_pair(prediction("wheal", "acne", "ulcer"), [WHEAL_AS_ACNE]) == WHEAL_AS_ACNE
    both = [ACNE_AS_WHEAL, WHEAL_AS_ACNE]
    assert known_pair(prediction("acne", "wheal", "ulcer"), both) == WHEAL_AS_ACNE
    assert known_pair(prediction("wheal", "acne", "ulcer"), both) == ACNE_AS_WHEAL
