"""``wattshed predict``: what can be refused before a profile is read, the ranking, and what is printed."""

import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hand_made_profile import CONFIG, hand_made_profile
from wattshed.commands.law.predict import labels_of
from wattshed.commands.main import main
from wattshed.commands.printing.predictions_json import to_json
from wattshed.commands.printing.predictions_output import bar, print_predictions, seconds
from wattshed.law.operations.operation import Kind
from wattshed.law.predicting.prediction import Cost, Prediction
from wattshed.law.predicting.ranking import Candidate, rank
from wattshed.law.profile.files import here, write_profile


def cost(energy_j, spread=0.1):
    low, high = 1 - spread, 1 + spread
    time_s = energy_j / 10
    return Cost(time_s, low * time_s, high * time_s, energy_j, low * energy_j, high * energy_j)


def candidate(model, step_j, epochs=5, study="homes", spread=0.1):
    step = cost(step_j, spread)
    if not epochs:
        return Candidate(study, Prediction(model, cost(0), cost(0), step, step, 0, 0, 1e-4))
    epoch = step.times(100)
    return Candidate(study, Prediction(model, step, epoch, epoch.times(epochs), None, 100, epochs, 1e-4))


def test_the_least_energy_is_first_and_intervals_that_meet_are_marked():
    places = rank([candidate("b", 1.15), candidate("a", 1.0), candidate("c", 3.0)])
    assert [place.candidate.name for place in places] == ["a", "b", "c"]
    assert [place.with_first for place in places] == [True, True, False]
    assert places[2].ratio == pytest.approx(3.0)


def test_the_order_depends_on_what_it_goes_by():
    # Dearer steps, but fewer epochs.
    few, many = candidate("few", 2.0, epochs=1), candidate("many", 1.0, epochs=50)
    assert [place.candidate.name for place in rank([few, many], "training")] == ["few", "many"]
    assert [place.candidate.name for place in rank([few, many], "step")] == ["many", "few"]


def test_a_closed_form_has_a_training_and_neither_steps_nor_epochs():
    solved = candidate("ridge", 0.5, epochs=0)
    assert [place.candidate.name for place in rank([candidate("gru", 1.0), solved])] == ["ridge", "gru"]
    assert [place.candidate.name for place in rank([candidate("gru", 1.0), solved], "epoch")] == ["gru"]


def test_another_quantity_is_refused():
    with pytest.raises(ValueError, match="expected one of training, epoch, step"):
        rank([], "hour")


@given(st.lists(st.floats(1e-6, 1e9), min_size=1, max_size=20))
def test_ranks_follow_energies(energies):
    places = rank([candidate(f"m{number}", value) for number, value in enumerate(energies)])
    found = [place.cost.energy_j for place in places]
    assert found == sorted(found)
    assert [place.rank for place in places] == list(range(1, len(energies) + 1))
    assert places[0].ratio == 1.0


def test_the_table_shows_intervals_units_and_what_has_no_law(capsys):
    candidates = [candidate("gru", 0.002), candidate("lstm", 0.9, study="other")]
    without = [{"study": "homes", "model": "mine", "why_none": "no law for models of the family mine."}]
    print_predictions(rank(candidates), candidates, without, "training")
    out = capsys.readouterr().out
    assert "2 mJ " in out
    assert "1 J [0.9, 1.1]" in out
    assert "450 J [405, 495]" in out
    assert "Not predicted: homes, mine: no law for models of the family mine." in out
    assert "5 x 100 steps" in out
    # A step of 2 mJ takes 0.2 ms and 0.2 µg; a training of 500 of them takes 0.1 s and 0.1 mg.
    (lstm,) = [line.split() for line in out.splitlines() if line.split()[:2] == ["homes", "gru"]]
    assert lstm[2:] == ["200", "µs", "20", "ms", "100", "ms", "0.2", "µg", "20", "µg", "100", "µg"]
    # Both studies are named.
    assert "other" in out
    assert "≈" not in out


def test_json_has_every_cost_and_the_reasons():
    candidates = [candidate("gru", 1.0), candidate("ridge", 0.5, epochs=0)]
    found = to_json(rank(candidates, "step"), candidates, [{"model": "x", "why_none": "no law"}], "step")
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert found["ranking"][0]["model"] == "gru"
    assert found["ranking"][0]["training"]["energy_j"] == pytest.approx(500)
    assert found["ranking"][0]["mass_g"] == pytest.approx({"step": 1e-4, "epoch": 1e-2, "training": 5e-2})
    assert found["without_this_cost"][0]["model"] == "ridge"
    assert found["without_this_cost"][0]["mass_g"]["step"] is None
    assert found["without_prediction"] == [{"model": "x", "why_none": "no law"}]


@pytest.mark.parametrize(
    ("value", "shown"),
    [(3e-6, "3 µs"), (0.25, "250 ms"), (12.34, "12.3 s"), (200, "3 min 20 s"), (7260, "2 h 01 min")],
)
def test_times_are_said_as_people_say_them(value, shown):
    assert seconds(value) == shown


@given(st.floats(0, 1))
def test_a_bar_has_at_least_a_sliver_and_at_most_its_width(share):
    assert 1 <= len(bar(share)) <= 18


def test_the_worked_example_gives_both_forms(capsys):
    assert main(["predict", "--example"]) == 0
    out = capsys.readouterr().out
    for number in ("26.303 J", "31.290 J", "19.0 %", "36.064 J", "78.963 J", "2.1896", "11.92 kWh"):
        assert number in out
    assert main(["predict", "--example", "--json"]) == 0
    older, final = json.loads(capsys.readouterr().out)
    assert older["per_million_kwh"] == pytest.approx(1.385, abs=1e-3)
    assert final["ratio"] == pytest.approx(2.1896, abs=1e-4)


@pytest.fixture
def own_profile(tmp_path):
    """A profile of this device with made laws."""

    def write(name, **changes):
        file = tmp_path / f"{name}.json"
        write_profile(file, hand_made_profile(**{"device": here("cpu", 1)} | changes))
        return file

    return write


def test_configurations_are_predicted_side_by_side_without_training(own_profile, capsys):
    words = ["predict", str(CONFIG / "config.yaml"), str(CONFIG / "law.yaml"), "--model", "gru", "lstm"]
    words += ["--nodes", "17", "--hours", "17520", "--profile", str(own_profile("own"))]
    assert main(words) == 0
    out = capsys.readouterr().out
    for text in ("ranked by training, with 90 % intervals", "Predicted time and CO2e", "mostly time", "law"):
        assert text in out
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {(one["study"], one["model"]) for one in found["ranking"]} == {
        ("config", "gru"),
        ("law", "gru"),
        ("law", "lstm"),
    }
    for one in found["ranking"]:
        assert (
            one["training"]["energy_low_j"] < one["training"]["energy_j"] < one["training"]["energy_high_j"]
        )
        assert one["mass_g"]["training"] > one["mass_g"]["step"] > 0
        assert one["energy_status"] == "estimated"


def test_a_profile_of_another_device_or_without_a_law_is_one_sentence(own_profile, capsys):
    panel = [str(CONFIG / "law.yaml"), "--nodes", "17", "--hours", "17520"]
    device = replace(here("cpu", 1), name="another processor")
    assert main(["predict", *panel, "--profile", str(own_profile("other", device=device))]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "another processor" in sentence
    laws = {key: law for key, law in hand_made_profile().laws.items() if key[0] is not Kind.SOFTMAX}
    lacking = str(own_profile("lacking", laws=laws))
    assert main(["predict", *panel, "--model", "transformer", "--profile", lacking]) == 1
    assert "law, transformer: no law for the operation softmax forward" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "no configuration was named"),
        (["missing.yaml"], "missing.yaml does not exist"),
        (["a.yaml", "a.yaml"], "is named twice"),
        (["a.yaml", "--nodes", "5"], "--nodes was given without --hours"),
        (["a.yaml", "--hours", "5"], "--hours was given without --nodes"),
        (["a.yaml", "--nodes", "0", "--hours", "5"], "--nodes is 0"),
        (["a.yaml", "--threads", "-1"], "--threads is -1"),
        (["a.yaml", "--figure", "x.bmp"], "ends with .png, .pdf or .svg"),
        (["empty.yaml"], "holds no keys"),
        (["list.yaml"], "holds no keys"),
        (["twice.yaml"], "occurs twice"),
        (["bytes.yaml"], "bytes.yaml"),
        (["unknown.yaml"], "unknown.yaml"),
        (["."], "cannot be read"),
        (["empty.yaml", "../here/empty.yaml"], "is named twice"),
        (["a.yaml", "--nodes", "9" * 30, "--hours", "5"], "--nodes is larger than 1,000,000,000"),
        (["a.yaml", "--results", "nowhere"], "--results nowhere is not a folder"),
        (["pipe"], "pipe is a device, a pipe or a socket"),
        (["x" * 300], "File name too long"),
    ],
)
def test_bad_input_is_one_sentence(tmp_path, monkeypatch, capsys, words, sentence):
    tmp_path = tmp_path / "here"
    tmp_path.mkdir()
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    (tmp_path / "empty.yaml").write_text("")
    (tmp_path / "list.yaml").write_text("- 1\n")
    (tmp_path / "twice.yaml").write_text("study: a\nstudy: b\n")
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00study")
    (tmp_path / "unknown.yaml").write_text("study: a\nsudy: b\n")
    assert main(["predict", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 1
    assert sentence in said.err


def test_configurations_of_one_name_are_told_apart():
    paths = [Path(name) for name in ("a.yaml", "a.yml", "b/a.yaml", "c.yaml")]
    assert list(labels_of(paths).values()) == ["a.yaml", "a.yml", "b/a", "c"]


@pytest.mark.parametrize(
    ("options", "command"),
    [
        ([], "run wattshed calibrate, which"),
        (["--threads", "2"], "run wattshed calibrate --threads 2, which"),
        (["--profile", "my profile.json"], "run wattshed calibrate --output 'my profile.json', which"),
    ],
)
def test_a_missing_profile_is_made_by_the_command_that_is_said(
    root, tmp_path, monkeypatch, capsys, options, command
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("WATTSHED_PROFILE", raising=False)
    assert main(["predict", str(root / "config/config.yaml"), *options]) == 2
    assert command in capsys.readouterr().err


def test_a_terminal_that_takes_ascii_alone_shows_the_table(monkeypatch):
    found = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(found, encoding="ascii"))
    print_predictions(rank([candidate("gru", 1e-5)]), [], [], "training")
    sys.stdout.flush()
    assert b"x least" in found.getvalue()
