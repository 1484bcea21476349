"""``wattshed calibrate``: what it refuses before anything is measured, and what it prints."""

import json
from dataclasses import replace

import pytest

from wattshed.calibration.limits import LEAST_SECONDS
from wattshed.commands.main import main
from wattshed.commands.printing.calibration_output import print_summary, sentences
from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.profile.device_profile import CalibrationRecord, DeviceIdentity, DeviceProfile, TimeLaw

LAW = TimeLaw("affine", {"start_s": 1e-6, "flop_s": 2e-11}, 0.0512, 20, 1e3, 1e9)
PROFILE = DeviceProfile(
    DeviceIdentity("cpu", "AMD EPYC", 1, "2.13.0", "fused_cpu"),
    CalibrationRecord("2026-01-01T00:00:00+00:00", "1.0", 58.2, 240.0, "estimated", "cpu: tdp"),
    {(Kind.LINEAR, Direction.FORWARD): LAW, (Kind.QKV, Direction.FORWARD): LAW},
    {"default": 4.0},
    1e-4,
    1.1,
    {"gru": [0.1, -0.1, 0.0]},
)


def refused(capsys, *words):
    assert main(["calibrate", *map(str, words)]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence.startswith("error: ")
    return sentence


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--seconds", "9.9"), f"expected {LEAST_SECONDS:g} to 3600"),
        (("--seconds", "-1"), "--seconds -1"),
        (("--seconds", "nan"), "--seconds nan"),
        (("--seconds", "inf"), "--seconds inf"),
        (("--seconds", "1e9"), "--seconds 1e+09"),
        (("--threads", "0"), "--threads 0: expected 1 to"),
        (("--threads", "-3"), "--threads -3"),
        (("--seed", "-1"), "--seed -1"),
        (("--seed", str(2**32)), f"--seed {2**32}"),
    ],
)
def test_a_wrong_number_is_refused_in_one_sentence(capsys, tmp_path, words, says):
    assert says in refused(capsys, *words, "--output", tmp_path / "profile.json")
    assert list(tmp_path.iterdir()) == []


def test_no_gpu_is_one_sentence(capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    sentence = refused(capsys, "--device", "cuda", "--output", tmp_path / "profile.json")
    assert "no GPU to use" in sentence
    assert list(tmp_path.iterdir()) == []


def test_an_output_that_cannot_be_written_is_refused_before_the_work(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert "is a folder" in refused(capsys, "--output", tmp_path)
    assert "is a file" in refused(capsys, "--output", tmp_path / "file" / "profile.json")
    assert [file.name for file in tmp_path.iterdir()] == ["file"]


def test_a_spent_budget_refuses(capsys, tmp_path, monkeypatch):
    study = tmp_path / "study"
    study.mkdir()
    (study / "spent.jsonl").write_text(
        json.dumps({"event": "start", "schema": 3, "job": "train_a", "stage": "training"})
        + "\n"
        + json.dumps({"event": "end", "own": {"cpu": {"kwh": 2.0, "status": "measured", "source": "rapl"}}})
        + "\n"
    )
    budget = {"study_kwh": 1.0, "study_folder": str(study)}
    monkeypatch.setenv("WATTSHED_BUDGET", json.dumps(budget))
    sentence = refused(capsys, "--seconds", 10, "--output", tmp_path / "out" / "profile.json")
    assert "budget" in sentence
    assert not (tmp_path / "out" / "profile.json").exists()


def test_ctrl_c_leaves_the_old_profile_and_the_spent_energy(capsys, tmp_path, monkeypatch):
    from wattshed.commands.printing import calibration_output

    def stop(self, what, share):
        raise KeyboardInterrupt

    monkeypatch.setattr(calibration_output.ProgressLine, "show", stop)
    profile = tmp_path / "profile.json"
    profile.write_text("old")
    assert main(["calibrate", "--seconds", "10", "--output", str(profile)]) == 130
    assert profile.read_text() == "old"
    (ledger,) = (file for file in tmp_path.iterdir() if file != profile)
    assert ledger.name.endswith(".jsonl.part")
    said = capsys.readouterr().err
    assert (
        f"no profile was written, and the same command starts over; the energy so far is in {ledger}." in said
    )
    assert "finished results" not in said
    first = json.loads(ledger.read_text().splitlines()[0])
    assert first["labels"]["seconds"] == 10


def test_the_summary_names_laws_families_and_the_next_command(capsys, tmp_path):
    path = tmp_path / "p.json"
    print_summary(PROFILE, path, tmp_path / "l.jsonl")
    shown = capsys.readouterr().out
    # Kinds that share a law take one row.
    assert "linear, qkv" in shown
    assert "5.1 %" in shown
    assert "gru" in shown
    text = " ".join(sentences(PROFILE, path, tmp_path / "l.jsonl"))
    assert "240 J (estimated; cpu: tdp)" in text
    assert "while it computes: 4 W." in text
    assert f"Next: wattshed predict CONFIG --profile {path}" in text
    assert "few sizes" not in text


def test_the_summary_tells_powers_apart_and_what_has_few_points(tmp_path):
    record = replace(PROFILE.calibration, few_points=("linear forward", "linear backward"))
    profile = replace(PROFILE, power_w={"default": 4.0, "qkv": 6.0, "linear": 6.0}, calibration=record)
    text = " ".join(sentences(profile, tmp_path, tmp_path))
    assert "4 W for the others; 6 W for qkv, linear" in text
    assert "or none, to: linear; give more --seconds" in text
