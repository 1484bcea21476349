import pytest

from wattshed.config.job_arguments import without_braces
from wattshed.config.repeated_keys import refuse_repeated_keys
from wattshed.foundation.faults import Fault


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("seeds: [1]\nstudy: a\nseeds: [2]\n", r"the key seeds occurs twice, in line 1 and in line 3"),
        ("models:\n  a: {form: gru}\n  a: {form: stgnn}\n", r"the key models.a occurs twice, in line 2 and in line 3"),
        ("ladder:\n  - {name: a, name: b}\n", r"the key ladder.0.name occurs twice, in line 2 and in line 2"),
        ('{"study": "a",\n"study": "b"}', r"the key study occurs twice, in line 1 and in line 2"),
        ("study: [1\n", r"cannot be read as YAML"),
    ],
)  # fmt: skip
def test_a_key_that_stands_twice_is_refused_with_both_lines(tmp_path, text, sentence):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    with pytest.raises(Fault, match=sentence) as caught:
        refuse_repeated_keys(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "text", ["", "a: {x: 1}\nb: {x: 1}\n", "a: &n {x: 1}\nb: {<<: *n, <<: *n}\n", "a: &a [*a]\n"]
)
def test_equal_keys_of_different_blocks_and_anchors_are_fine(tmp_path, text):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    refuse_repeated_keys(path)


def test_every_shipped_study_names_each_key_once(root):
    for path in [*(root / "config").glob("*.yaml"), root / "tests/workflow/tiny.yaml"]:
        refuse_repeated_keys(path)


def test_braces_in_text_become_escapes_and_braces_of_objects_stay():
    import json

    value = {"caption": 'closed {form} "}{" \\{x}', "empty": {}, "list": [{"a": "{b}"}]}
    text = without_braces(json.dumps(value))
    assert json.loads(text) == value
    assert "{form}" not in text
    assert "{b}" not in text
