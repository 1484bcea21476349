"""``wattshed memory``: predictions of a study's models, what fits, and what is refused."""

import json
import resource
from pathlib import Path

import pytest

from hand_made_profile import CONFIG as FOLDER
from wattshed.commands.main import main
from wattshed.memory.mechanisms.protocol import Place
from wattshed.training.footprint import automatic

CONFIG = FOLDER / "config.yaml"
BRAINS = Path(__file__).parents[3] / "config/brains.yaml"
SIZES = ["--nodes", "5", "--hours", "3000"]


def test_every_level_of_a_model_is_told_with_its_parts(capsys):
    assert main(["memory", str(CONFIG), "--model", "dlinear", *SIZES, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    (model,) = found["models"]
    assert [level["level"] for level in model["levels"]] == ["none", "low", "medium", "high"]
    for level in model["levels"]:
        assert level["fits"]
        parts = [
            value
            for name, value in level.items()
            if name.endswith("_bytes")
            and name.split("_")[0]
            in ("weights", "gradients", "optimiser", "kept", "batch", "series", "activations")
        ]
        assert sum(parts) == level["peak_bytes"]


def test_models_of_labelled_windows_are_predicted_from_few_rows(capsys):
    # A row has its own samples: no week of history lies before it, and its regions are the model's.
    words = [str(BRAINS), "--model", "gnn_stan_lean", "--nodes", "12", "--hours", "100", "--json"]
    assert main(["memory", *words]) == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    peaks = [level["peak_bytes"] for level in model["levels"]]
    assert peaks[2] < peaks[1] < peaks[0]


def test_a_panel_is_predicted_without_its_memory(capsys):
    before_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    words = ["--model", "dlinear", "--nodes", "2000", "--hours", "500000", "--json"]
    assert main(["memory", str(CONFIG), *words]) in (0, 1)
    capsys.readouterr()
    # The mask of observed cells alone has 1 GB.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before_kb < 500_000


def test_what_fits_no_level_is_a_finding(capsys):
    words = ["memory", str(CONFIG), "--model", "dlinear", *SIZES, "--limit-mb", "0.001"]
    assert main(words) == 1
    printed = capsys.readouterr().out
    assert "dlinear: predicted peak by level" in printed
    assert "--limit-mb" in printed


def test_a_level_that_would_need_more_says_so(monkeypatch, capsys):
    monkeypatch.setattr(automatic, "place_of", lambda device, engine: Place(device.type, engine, True))
    words = ["memory", str(CONFIG), "--model", "dlinear", *SIZES]
    reason = "all that high takes would need more memory here than what medium takes"
    assert main(words) == 0
    assert f"left out: bf16 ({reason})" in capsys.readouterr().out
    assert main([*words, "--json"]) == 0
    high = json.loads(capsys.readouterr().out)["models"][0]["levels"][-1]
    assert (high["level"], high["mechanisms"]) == ("high", [])
    assert {"mechanism": "bf16", "reason": reason} in high["left_out"]


def test_scans_need_no_sizes_since_their_wheel_is_pinned(tmp_path, capsys):
    words = ["memory", str(FOLDER / "brains.yaml"), "--model", "gnn_stan", "--results", str(tmp_path)]
    assert main(words) == 0
    printed = capsys.readouterr().out
    assert "gnn_stan: predicted peak by level" in printed
    assert "medium  fused_attention, aggregation, checkpointing" in printed


def test_tables_fit_a_terminal_of_80_columns(capsys):
    assert main(["memory", str(CONFIG), "--model", "dlinear", *SIZES]) == 0
    lines = capsys.readouterr().out.splitlines()
    (head,) = [number for number, line in enumerate(lines) if "peak MB" in line]
    assert max(len(line.rstrip()) for line in lines[: head + 6]) <= 80


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--model", "nothing", *SIZES], "no model of this name"),
        (["--nodes", "5"], "--nodes was given without --hours"),
        ([*SIZES, "--limit-mb", "-1"], "--limit-mb is -1"),
        ([*SIZES, "--limit-mb", "nan"], "--limit-mb is nan"),
        (["--nodes", "0", "--hours", "5"], "--nodes is 0"),
        (["--model", "dlinear", "--nodes", "200000", "--hours", "900000000"], "this machine's addresses"),
    ],
)
def test_wrong_arguments_are_one_sentence(words, sentence, capsys):
    assert main(["memory", str(CONFIG), *words]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert sentence in said
