import json
from pathlib import Path

import pytest
import yaml

from made_ladder import make_scores, make_windows
from wattshed.accounts.ladder.checks import training_checks, whole_runs
from wattshed.accounts.ladder.recorded import CHECKS, TEST, read_record, read_tuning, record_text
from wattshed.config.study import load_study
from wattshed.foundation.faults import Fault

CONFIG = Path(__file__).resolve().parents[3] / "config"
STUDY = [[(0.90, 1.0), (0.81, 1.0)], [(0.80, 2.0), (0.82, 2.0)]]


def written(tmp_path, **about):
    windows = make_windows({"study": STUDY})
    windows["value_looking_s"] = 0.25
    windows[["own_cpu_s", "others_cpu_s"]] = 1.5, 2.5
    checks = training_checks(windows, ["study"])
    path = tmp_path / "record.json"
    path.write_text(record_text(checks, make_scores(study=[0.9, 0.91], other=[0.1]), about))
    return checks, path


def test_a_record_gives_back_what_was_recorded_under_the_steps_own_name(tmp_path):
    checks, path = written(tmp_path, finished=True)
    record = read_record(path, "study_to_its_end")
    assert set(record.checks["model"]) == {"study_to_its_end"}
    for name in CHECKS:
        assert record.checks[name].tolist() == pytest.approx(checks[name].tolist(), rel=1e-6)
    assert record.scores["rmse"].tolist() == [0.9, 0.91]
    assert record.about["finished"] is True
    theirs, ours = whole_runs(checks), whole_runs(record.checks)
    for name in ("training_kwh", "training_s", "best_rmse", "looking_share"):
        assert ours[name].tolist() == pytest.approx(theirs[name].tolist(), rel=1e-6)
    assert ours["energy_status"].tolist() == ["estimated"] * 2


def test_a_record_is_text_with_one_check_a_line(tmp_path):
    _, path = written(tmp_path)
    lines = path.read_text().splitlines()
    assert sum(line.startswith(("  [1, ", "  [2, ")) for line in lines) == 6


def with_checks(rows, columns=CHECKS, status="estimated"):
    tables = {"checks_columns": list(columns), "checks": rows, "test_columns": list(TEST), "test": []}
    return json.dumps({**tables, "energy_status": status})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "does not exist: the ladder's step 'study' is recorded there"),
        ("{", "is not a record of a training"),
        ('{"checks": []}', "is not a record of a training"),
        (with_checks([]), "holds no check"),
        (with_checks([], columns=["seed"]), "its columns are not seed, check"),
        (with_checks([], status="wonderful"), "'wonderful' is not a valid Status"),
        (with_checks([[1, 1, *[0.5] * 9], [1, 2, 0.5, 0.4, *[0.5] * 7]]), "a time or energy that falls"),
        (with_checks([[1, 1, 0.5, -1, *[0.5] * 7]]), "a negative time or energy"),
        (with_checks([[1.5, 1, *[0.5] * 9]]), "a seed or a check that is not a whole number"),
    ],
)
def test_a_file_that_is_no_record_is_refused_in_one_sentence(tmp_path, text, said):
    path = tmp_path / "record.json"
    if text is not None:
        path.write_text(text)
    with pytest.raises(Fault, match=said):
        read_record(path, "study")


def test_unknown_numbers_stay_unknown(tmp_path):
    checks = training_checks(make_windows({"study": [[(0.9, None), (0.8, 1.0)]]}), ["study"])
    path = tmp_path / "record.json"
    path.write_text(record_text(checks, make_scores(study=[0.9]), {}))
    assert json.loads(path.read_text())["energy_status"] == "missing"
    assert read_record(path, "study").checks["cumulative_kwh"].isna().all()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is not a record of a tuning"),
        ("[]", "is not a record of a tuning"),
        ('{"tuned": {}}', "is not a record of a tuning .*own_kwh"),
        ('{"tuned": {"own_kwh": -5}}', "gives the tuning of 'tuned' -5.0 kWh: expected 0 or more"),
        ('{"tuned": {"own_kwh": NaN}}', "gives the tuning of 'tuned' nan kWh: expected 0 or more"),
    ],
)
def test_a_file_that_is_no_record_of_a_tuning_is_refused_in_one_sentence(tmp_path, text, said):
    path = tmp_path / "tuning.json"
    path.write_text(text)
    with pytest.raises(Fault, match=said):
        read_tuning(path)


def test_a_record_of_another_model_is_refused(tmp_path):
    study = load_study(yaml.safe_load((CONFIG / "ladder_homes.yaml").read_text()))
    block = study.ladder.recorded["study"].model
    own = block.model_dump(mode="json", exclude={"recipe", "engine"})
    _, path = written(tmp_path, model=own)
    assert len(read_record(path, "study", block).checks)
    # Before a family had a key, its models had the default.
    older = {name: value for name, value in own.items() if name not in ("minimum_edge_weight", "aggregate")}
    _, path = written(tmp_path, model=older)
    assert len(read_record(path, "study", block).checks)
    _, path = written(tmp_path, model={**older, "minimum_edge_weight": 0.5})
    with pytest.raises(Fault, match=r"records the model .*'minimum_edge_weight': 0.5"):
        read_record(path, "study", block)
    _, path = written(tmp_path, model={**own, "form": "gru"})
    with pytest.raises(Fault, match=r"records the model .*'gru'.*: expected .*'stgnn_reference'"):
        read_record(path, "study", block)


def test_a_record_of_before_a_key_is_of_a_model_with_the_keys_default(tmp_path):
    study = load_study(yaml.safe_load((CONFIG / "ladder_homes.yaml").read_text()))
    block = study.ladder.recorded["study"].model
    own = block.model_dump(mode="json", exclude={"recipe", "engine", "channels", "recurrent_layers"})
    _, path = written(tmp_path, model=own)
    assert len(read_record(path, "study", block).checks)
    for changed in ({"channels": 4}, {"recurrent_layers": 2}, {"recurrent_layers": 9}, {"unheard_of": 1}):
        _, path = written(tmp_path, model={**own, **changed})
        with pytest.raises(Fault, match=f"records the model .*{next(iter(changed))}.*: expected"):
            read_record(path, "study", block)
    with pytest.raises(Fault, match=r"records the model .*: expected"):
        read_record(path, "study", block.model_copy(update={"state_dropout": 0.0}))
