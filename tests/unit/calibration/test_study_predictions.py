"""The predictions of a study as the document that its rule writes, and as it is read again."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from made_law import make_profile
from wattshed.calibration.studies.predictions import predictions_document
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault
from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.predicting.document import read_predictions
from wattshed.law.predicting.model import predict_model
from wattshed.law.predicting.plan import PanelSizes
from wattshed.law.profile.device_profile import TimeLaw
from wattshed.law.profile.files import write_profile

PANEL = PanelSizes(6, 7200, 20)
AFFINE = TimeLaw("affine", {"start_s": 1e-5, "flop_s": 3e-11}, 0.05, 20, 1e3, 1e9)


@pytest.fixture(scope="module")
def study(root):
    file = root / "tests/workflow/tiny.yaml"
    return load_study(yaml.safe_load(file.read_text()), file.name)


@pytest.fixture(scope="module")
def profile():
    """A law for everything, without the kernels that rivals would be fitted to."""
    laws = {(kind, direction): AFFINE for kind in Kind for direction in Direction}
    return replace(make_profile(), laws=laws, points={})


def test_every_model_is_predicted_and_read_again_as_it_was(study, profile):
    document = json.loads(json.dumps(predictions_document(study, PANEL, profile)))
    read = read_predictions(document)
    assert [one.model for one in read] == list(study.models)
    for one in read:
        assert one.why_none is None
        assert one.prediction == predict_model(study, one.model, PANEL, profile)
        assert one.step_flops > 0
        assert sum(one.by_kind_s.values()) < one.prediction.step.time_s
        assert one.rivals_j == {}
    assert document["power_w"] == {"default": 8.0}


def test_rivals_are_told_only_for_models_all_of_whose_operations_they_have(study, profile):
    """The made kernels are of three kinds of operations: no model consists of these alone."""
    own = replace(profile, points=make_profile().points)
    assert all(one.rivals_j == {} for one in read_predictions(predictions_document(study, PANEL, own)))


def test_a_model_with_an_operation_without_a_law_has_the_reason(study):
    for one in read_predictions(predictions_document(study, PANEL, make_profile())):
        assert one.prediction is None
        assert "no law for the operation" in one.why_none


@pytest.fixture
def script(root):
    spec = importlib.util.spec_from_file_location("law_predict", root / "workflow/scripts/law/predict.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def test_a_named_profile_of_another_device_is_refused_and_the_studys_own_is_not(
    script, study, profile, tmp_path
):
    write_profile(tmp_path / "profile.json", profile)
    words = ["--study", study.model_dump_json(), "--profile", str(tmp_path / "profile.json")]
    words += ["--results", str(tmp_path), "--output", str(tmp_path / "predictions.json")]
    with pytest.raises(Fault, match=r"is of another device \(Test CPU; here: "):
        script([*words, "--check-device"])
    assert not Path(tmp_path / "predictions.json").exists()
    script(words)
    document = json.loads((tmp_path / "predictions.json").read_text())
    assert document["panel"] == {"nodes": 6, "hours": 7200, "edges": None}
