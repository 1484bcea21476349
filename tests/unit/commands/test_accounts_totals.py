import json

import pandas as pd
import pytest

from made_runs import make_runs
from wattshed.commands.printing.accounts_output import totals_frame


def runs_of(*rows):
    """rows: (stage, model, job, command, outcome, kWh)."""
    frame = pd.DataFrame(rows, columns=["stage", "model", "job", "command", "outcome", "attributed_kwh"])
    frame = make_runs(("gru",), countries=("ES",), seasons=("all",), repeats=len(rows)).assign(**frame)
    return frame.assign(
        labels=[json.dumps({"command": text} if text else {}) for text in frame["command"]],
        energy_kwh=frame["attributed_kwh"],
        machine_attributed_kwh=frame["attributed_kwh"],
        co2e_kg=frame["attributed_kwh"],
        duration_s=60.0,
        energy_status="estimated",
        flags=None,
        machine="{}",
        cpu_model=None,
        truncated=False,
        **{f"{part}_{what}": None for part in ("cpu", "ram", "gpu") for what in ("source", "status")},
    ).drop(columns="command")


def test_unlike_commands_have_means_of_their_own():
    runs = runs_of(
        ("command", None, "python-1", "python small.py", "finished", 1.0),
        ("command", None, "python-2", "python small.py", "finished", 4.0),
        ("command", None, "python-3", "python large.py", "finished", 900.0),
    )
    totals = totals_frame(runs).set_index("command")
    assert totals.loc["python small.py", "mean_kwh"] == pytest.approx(2.0)
    assert totals.loc["python large.py", "mean_kwh"] == pytest.approx(900.0)
    assert not totals["unlike"].any()


def test_failed_runs_count_in_sums_and_not_in_means():
    runs = runs_of(
        ("command", None, "a", "make", "finished", 1.0),
        ("command", None, "b", "make", "finished", 1.0),
        ("command", None, "c", "make", "failed", 0.001),
        ("command", None, "d", "make", "killed", 5.0),
    )
    row = totals_frame(runs).iloc[0]
    assert (row["runs"], row["mean_runs"]) == (4, 2)
    assert row["mean_kwh"] == pytest.approx(1.0)
    assert row["energy_kwh"] == pytest.approx(7.001)


def test_a_mean_over_jobs_of_different_work_says_so():
    runs = runs_of(
        ("clocks", None, "sweep-a", None, "finished", 1.0),
        ("clocks", None, "sweep-b", None, "finished", 50.0),
        ("training", "gru", "gru-1", None, "finished", 1.0),
        ("training", "gru", "gru-2", None, "finished", 2.0),
    )
    totals = totals_frame(runs).set_index("stage")
    assert totals["unlike"].to_dict() == {"clocks": True, "training": False}
    assert totals.loc["training", "mean_low_kwh"] > 0
