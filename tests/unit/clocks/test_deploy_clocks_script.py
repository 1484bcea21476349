"""The script of the rule deploy_clocks: from sweeps and choices to validation, document and files."""

import json
import runpy

import jsonschema
import pytest

from clock_choices import made_choice, made_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import write_json, write_parquet


@pytest.fixture
def script(root):
    return runpy.run_path(str(root / "workflow/scripts/clocks/deploy_clocks.py"))["main"]


@pytest.fixture
def files(tmp_path):
    """Two sweeps with one choice each; the second one was made under a wider limit than the study's."""
    sweeps, choices = [], []
    for name, seed, limit in (("a.inference", 0, 0.15), ("recorded.b", 1, 0.3)):
        frame = made_sweep(seed=seed, workload=name)
        sweeps.append(str(tmp_path / f"{name}.sweep.parquet"))
        choices.append(str(tmp_path / f"{name}.choice.json"))
        write_parquet(sweeps[-1], frame)
        write_json(choices[-1], {"choices": [made_choice(frame, 990, limit=limit)]}, sealed=True)
    return sweeps, choices


def call(script, sweeps, choices, output):
    clocks = ClocksBlock(max_slowdown_share=0.15).model_dump_json()
    script(["--sweeps", *sweeps, "--choices", *choices, "--clocks", clocks, "--output", str(output)])


def test_choices_are_validated_by_the_limits_of_the_study_and_deployed(script, files, tmp_path):
    call(script, *files, tmp_path / "out")
    found = json.loads((tmp_path / "out/validation.json").read_text())["validations"]
    assert [(one["sweep"], one["result"]) for one in found] == [
        ("a.inference", "pass"),
        ("recorded.b", "fail"),
    ]
    assert found[1]["reason"] == "failed: asked limits"
    document = json.loads((tmp_path / "out/deployment.json").read_text())
    jsonschema.validate(
        document, json.loads((tmp_path / "out/deployment/deployment.schema.json").read_text())
    )
    assert [one["deployed"] for one in document["configurations"].values()] == [True, False]
    assert len(list((tmp_path / "out/deployment").glob("*@.service"))) == 1


def test_a_choice_without_its_sweep_is_refused(script, files, tmp_path):
    sweeps, choices = files
    with pytest.raises(Fault, match="2 sweeps and 1 choices"):
        call(script, sweeps, choices[:1], tmp_path / "out")
    write_json(choices[0], {"other": 1}, sealed=True)
    with pytest.raises(Fault, match="lacks the key 'choices'"):
        call(script, sweeps, choices, tmp_path / "out")
