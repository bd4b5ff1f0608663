import pytest

from core.serving.setting import Setting, SettingError, read


def test_unset_and_empty_variables_are_the_defaults():
    assert read({}) == Setting()
    names = ("RETAKE_EMBED_ORIGINS", "RETAKE_ISOLATED", "RETAKE_METRICS_TOKEN", "RETAKE_LOG")
    assert read(dict.fromkeys(names, " ")) == Setting()


def test_each_variable_is_read():
    given = {
        "RETAKE_EMBED_ORIGINS": "https://clinic.example, clinic.example",
        "RETAKE_ISOLATED": "1",
        "RETAKE_METRICS_TOKEN": "abcdefghijklmnop",
        "RETAKE_LOG": "json",
    }
    found = read(given)
    assert found.embed_origins == {"https://clinic.example"}
    assert (found.isolated, found.metrics_token, found.json_logs) == (True, "abcdefghijklmnop", True)
    (remark,) = found.remarks()
    assert remark.startswith("RETAKE_EMBED_ORIGINS: clinic.example is no origin")


def test_nobody_may_frame_it_where_the_list_is_none():
    found = read({"RETAKE_EMBED_ORIGINS": "none"})
    assert (found.embed_origins, found.remarks()) == (frozenset(), ())


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("RETAKE_ISOLATED", "yes", "Set it to one of these: 0, 1."),
        ("RETAKE_LOG", "xml", "Set it to one of these: text, json."),
        ("RETAKE_METRICS_TOKEN", "short", "too short"),
        ("RETAKE_METRICS_TOKEN", "long enough, but with spaces", "no header carries"),
    ],
)
def test_a_value_that_is_none_gets_one_sentence(variable, value, says):
    with pytest.raises(SettingError, match=variable) as caught:
        read({variable: value})
    assert says in caught.value.message
    assert "\n" not in caught.value.message
