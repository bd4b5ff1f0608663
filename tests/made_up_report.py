"""A report of an evaluation with made-up figures, with all that the contract of ``evaluate`` knows."""

from core.quality.labels import EXPLANATIONS, QUALITY_CLASSES


def around(value, by=0.04):
    return [round(max(value - by, 0), 3), round(min(value + by, 1), 3)]


def binary(f1, auc, n=400, positives=90, roc=True):
    figures = {"n": n, "positives": positives, "precision": f1, "recall_at_specificity_95": f1 - 0.1}
    for name, value in (("f1", f1), ("recall", f1 + 0.04), ("specificity", 0.93), ("auc", auc)):
        figures |= {name: value, f"{name}_interval": around(value)}
    if roc:
        figures["roc"] = [[0, 0], [0.02, 0.4], [0.07, f1 + 0.04], [0.3, 0.95], [1, 1]]
    return figures


def bins(shift):
    shares = (0.35, 0.45, 0.55, 0.65, 0.75, 0.85, 0.95)
    return [
        {"low": s - 0.05, "high": s + 0.05, "n": 20 + 40 * i, "said": s, "right": max(s - shift, 0)}
        for i, s in enumerate(shares)
    ]


def tone(name, low, high, n, share):
    faults = {
        key: {"n": n // 2, "sensitivity": share - 0.1, "interval": around(share - 0.1)}
        for key in EXPLANATIONS
    }
    return {
        "name": name,
        "ita_low": low,
        "ita_high": high,
        "n_good": n,
        "specificity": share,
        "specificity_interval": around(share, 6 / n),
        "faults": faults,
    }


def looked(n):
    return {
        "n": n,
        "energy_share": 0.48,
        "area_share": 0.24,
        "ratio": 2.0,
        "ratio_interval": [1.8, 2.2],
        "control_ratio": 1.1,
        "over_control": 1.82,
    }


def section(worse=0.0, n=400):
    f1s = dict(zip(EXPLANATIONS, (0.47, 0.71, 0.78, 0.61, 0.53), strict=True))
    aucs = dict(zip(EXPLANATIONS, (0.86, 0.97, 0.96, 0.88, 0.9), strict=True))
    return {
        "n": n,
        "quality_macro_f1": 0.84 - worse,
        "quality_macro_f1_interval": around(0.84 - worse),
        "accuracy": 0.85 - worse,
        "explanation_mean_f1": 0.62 - worse,
        "explanation_mean_auc": 0.91 - worse,
        "classes": {key: binary(0.85 - worse, 0.96 - worse, n) for key in QUALITY_CLASSES},
        "explanations": {key: binary(f1s[key] - worse, aucs[key] - worse, n) for key in EXPLANATIONS},
        "explanations_by_half_the_raters": {
            key: binary(0.6 - worse, 0.93, n, 50, roc=False) for key in EXPLANATIONS
        },
        "explanations_at_best_f1": {
            key: {
                "threshold": 0.41,
                "f1": f1s[key] + 0.02 - worse,
                "f1_interval": around(f1s[key] + 0.02 - worse),
                "recall": 0.7,
                "specificity": 0.88,
            }
            for key in EXPLANATIONS
        },
        "confusion": [[80, 1, 6, 13], [0, 97, 2, 1], [7, 3, 66, 24], [11, 2, 9, 78]],
        "reliability": {
            "temperature": 0.83,
            "ece_before": 0.083,
            "ece_after": 0.021,
            "bins_before": bins(0.09),
            "bins_after": bins(0.01),
        },
        "gate": {
            "lesion_nobody_objects": {"n": 70, "passes": 0.86 - worse},
            "lesion_some_object": {"n": 60, "passes": 0.6},
            "poor_quality": {"n": 120, "passes": 0.08 + worse},
            "healthy_skin": {"n": 70, "passes": 0.1},
            "no_skin": {"n": 80, "passes": 0.0},
        },
        "fairness": {
            "bins": [
                tone("light", 41, 90, 120, 0.88),
                tone("intermediate", 28, 41, 60, 0.86),
                tone("dark", -90, 28, 14, 0.79),
            ],
            "largest_gap_specificity": 0.09,
            "largest_gap_by_chance": {"mean": 0.07, "p95": 0.12, "p": 0.3},
            "largest_gap_sensitivity": dict.fromkeys(EXPLANATIONS, 0.08),
        },
        "focus": {
            "lesion_only": {"blurry": looked(60), "bad_light": looked(58)},
            "background_only": {"blurry": looked(60)},
        },
    }


def gate(passes, refused):
    found = {"good_lesion_passes": passes, "good_lesion_n": 130, "faulty_refused": refused, "faulty_n": 210}
    return found | {f"{key}_interval": around(found[key]) for key in ("good_lesion_passes", "faulty_refused")}


def point(threshold, passes, refused):
    return {
        "thresholds": dict.fromkeys(EXPLANATIONS, threshold),
        "sections": {"validation": gate(passes, refused), "left_out": gate(passes - 0.03, refused)},
    }


def made_up():
    """A whole report; each call makes a new one, to change at will."""
    return {
        "task": "imageqx",
        "benchmark": "made-up-1",
        "seed": 1,
        "thresholds": dict.fromkeys(EXPLANATIONS, 0.5),
        "operating_points": {
            "balanced": point(0.5, 0.86, 0.91),
            "lenient": point(0.7, 0.95, 0.8),
            "strict": point(0.3, 0.71, 0.96),
        },
        "sections": {"validation": section(), "left_out": section(0.05), "phantoms": section(0.02, 60)},
        "gap": {"quality_macro_f1": 0.05, "explanation_mean_auc": 0.05},
        "paper": {
            "rater_f1": {
                "healthy_skin": 0.65,
                "poor_quality": 0.67,
                "bad_framing": 0.24,
                "bad_light": 0.65,
                "blurry": 0.83,
                "low_resolution": 0.32,
                "too_far_away": 0.51,
                "mean_of_classes": 0.77,
                "mean_of_classes_sd": 0.07,
            },
            "network_f1": {
                "quality_macro": 0.73,
                "bad_framing": 0.37,
                "bad_light": 0.61,
                "blurry": 0.7,
                "low_resolution": 0.52,
                "too_far_away": 0.42,
            },
        },
        "real_quality": {
            "too_dark": {"explanation": "bad_light"} | binary(0.9, 0.98, 120, 80, roc=False),
            "blurred": {"explanation": "blurry"} | binary(0.8, 0.9, 100, 15, roc=False),
        },
        "tones": {
            key: {"n": 40, "called_lesion": 0.95, "flagged_bad_light": 0.05, "passes": 0.9}
            for key in ("light", "medium", "deep")
        },
        "mistakes": [
            {
                "file": "mistakes/01.jpg",
                "section": "left_out",
                "about": "class",
                "name": "poor_quality",
                "kind": "said",
                "true": "lesion",
                "said": "poor_quality",
                "probability": 0.93,
                "votes": 0.08,
                "source": "made-up",
            },
            {
                "file": "mistakes/02.jpg",
                "section": "validation",
                "about": "explanation",
                "name": "blurry",
                "kind": "missed",
                "true": "poor_quality",
                "said": "lesion",
                "probability": 0.04,
                "votes": 0.75,
                "source": "made-up",
            },
        ],
    }
