"""Trainings that meet their budget: on a hand clock, on a terminal, and for real."""

import json
import os
import select
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pandas as pd
import pytest
import torch

from known_power import HandClock, KnownPower
from model_blocks import model_block
from training_runs import train_into
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.energy.budget import BudgetBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.energy.budget.budget import VARIABLE, Budget, Limit
from wattshed.energy.ledger.writing import Ledger
from wattshed.energy.meter import Meter
from wattshed.foundation.faults import Fault
from wattshed.training.checkpoint import read_checkpoint
from wattshed.training.guards.budget_stop import BudgetStop
from wattshed.training.loop import validation_rmse
from wattshed.training.progress import Progress
from wattshed.training.resume import ResumeFile
from wattshed.training.spec import ModelSpec
from wattshed.training.training import Training

CPU = torch.device("cpu")
RECIPE = RecipeBlock(
    sampling="pairs",
    batch=64,
    epochs=5,
    steps_per_epoch=40,
    learning_rate=5e-3,
    schedule="cosine",
    warm_up_steps=10,
    scaling="node",
)
MADE_BY = ModelSpec("model", 1, model_block(form="stgnn"), RECIPE, WindowsBlock(look_back_h=12, horizon_h=3))
KWH_PER_HOUR = 0.1


class Bench:
    """A budget, a meter at 100 W on a hand clock, and epochs that are nothing but time."""

    def __init__(
        self, tmp_path, limit_kwh, *, earlier_kwh=0.0, needs_gpu=False, components=("cpu",), **block
    ):
        self.clock = HandClock()
        self.sensor = KnownPower(self.clock, dict.fromkeys(components, 1000 * KWH_PER_HOUR))
        # A folder each: a ledger has one writer.
        folder = Path(tempfile.mkdtemp(dir=tmp_path))
        self.meter = Meter(Ledger(folder / "a.jsonl", resumes=False), [self.sensor], 0.0, clock=self.clock)
        self.training = Training()
        self.progress = Progress("model, seed 1", "kWh", 10)
        self.stop = BudgetStop(
            "model, seed 1",
            Budget(BudgetBlock(run_kwh=limit_kwh, **block)),
            [Limit(f"run's budget of {limit_kwh:g} kWh", limit_kwh)],
            self.meter,
            self.progress,
            earlier_kwh=earlier_kwh,
            needs_gpu=needs_gpu,
        )

    def begin(self, left=10):
        """Whether an interrupted training ends before another epoch."""
        self.training.epochs_left = left
        self.stop.before_training(self.training)
        return self.training.stopped is not None

    def epoch(self, hours, left):
        """Whether the training ends after an epoch of so many hours."""
        self.clock.sleep(3600 * hours)
        self.training.epoch += 1
        self.training.epochs.append({"energy_kwh": None})
        self.training.epochs_left = left
        self.stop.after_epoch(self.training, None)
        return self.training.stopped is not None


def test_it_stops_as_soon_as_the_forecast_cannot_keep_the_budget(tmp_path, capsys):
    bench = Bench(tmp_path, 1.0)
    assert not bench.begin()
    # 0.3 + 0.1 + 0.1 so far, 0.8 to come.
    assert [bench.epoch(hours, left) for hours, left in ((3, 10), (1, 9), (1, 8))] == [False, False, True]
    assert "run's budget of 1 kWh cannot be kept" in bench.training.stopped
    told = capsys.readouterr().err.splitlines()
    assert "epoch 2: 0.4 kWh spent, 1.3 kWh" in told[0], "the forecast is told once"
    assert (
        "epoch 3: stopped with the best weights so far, the run's budget of 1 kWh cannot be kept" in told[1]
    )
    assert len(told) == 2


def test_earlier_attempts_of_the_run_are_paid_from_the_same_budget(tmp_path):
    assert not Bench(tmp_path, 1.0, earlier_kwh=0.85).epoch(1, 9)
    assert Bench(tmp_path, 1.0, earlier_kwh=0.95).epoch(1, 9)


def test_an_interrupted_run_whose_budget_is_spent_trains_no_further_epoch(tmp_path):
    bench = Bench(tmp_path, 1.0, earlier_kwh=1.0)
    bench.training.epochs.append({"energy_kwh": 0.5})
    assert bench.begin()
    assert "is spent" in bench.training.stopped


def test_an_interrupted_run_is_stopped_although_its_epochs_were_too_short_to_be_measured(tmp_path):
    bench = Bench(tmp_path, 1.0, earlier_kwh=0.5, forecast_after_epochs=1)
    bench.training.epochs += [{"energy_kwh": None}] * 2
    assert not bench.begin(left=2)
    bench = Bench(tmp_path, 1.0, earlier_kwh=1.0)
    bench.training.epochs += [{"energy_kwh": None}] * 2
    assert bench.begin()


def test_a_run_that_ended_over_its_budget_is_no_stopped_one_but_says_so(tmp_path, capsys):
    bench = Bench(tmp_path, 0.1, forecast_after_epochs=9)
    assert not bench.epoch(2, 0)
    assert bench.training.stopped is None
    assert "the run's budget of 0.1 kWh is spent: 0.2 kWh" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("components", "needs_gpu", "why"),
    [
        (("cpu",), False, "cpu: lost"),
        (("cpu", "gpu0"), False, "cpu: lost; gpu0: lost"),
        (("gpu",), True, "gpu: lost"),
    ],
)
def test_no_budget_can_be_kept_without_energies(tmp_path, components, needs_gpu, why):
    bench = Bench(tmp_path, 1.0, components=components, needs_gpu=needs_gpu)
    bench.sensor.lost = True
    with pytest.raises(Fault, match=rf"missing \({why}\): expected every component .* run wattshed doctor"):
        bench.begin()


def test_a_sensor_that_is_lost_midway_is_no_saving(tmp_path):
    bench = Bench(tmp_path, 1.0, components=("cpu", "ram"))
    bench.begin()
    assert not bench.epoch(1, 9)
    bench.sensor.lost = True
    with pytest.raises(Fault, match="the budget cannot be checked because energy is missing"):
        bench.epoch(1, 8)


def test_where_nobody_can_be_asked_it_stops(tmp_path, monkeypatch):
    with open(os.devnull) as nowhere:
        monkeypatch.setattr(sys, "stdin", nowhere)
        assert Bench(tmp_path, 0.1, when_exceeded="ask").epoch(1, 9)


ASKING = textwrap.dedent("""
    import sys
    from pathlib import Path
    sys.path[:0] = sys.argv[1:3]
    from test_budget_stop import Bench
    bench = Bench(Path(sys.argv[3]), 0.2, when_exceeded="ask", forecast_after_epochs=99)
    epochs = 0
    with bench.progress:
        for left in (9, 8, 7):
            epochs += 1
            if bench.epoch(1, left):
                break
    print(epochs, bench.training.stopped is not None)
""")


@pytest.mark.parametrize(("answer", "outcome"), [(b"y\n", "3 False"), (b"\n", "2 True"), (b"\x04", "2 True")])
def test_on_a_terminal_it_asks_once_and_no_answer_is_a_no(tmp_path, root, answer, outcome):
    """A real terminal: the question shows the figures, and a yes is not asked for again."""
    main, terminal = os.openpty()
    here = [str(root / "tests/helpers"), str(root / "tests/unit/training")]
    process = subprocess.Popen(
        [sys.executable, "-c", ASKING, *here, str(tmp_path)],
        stdin=terminal,
        stderr=terminal,
        stdout=subprocess.PIPE,
    )
    os.close(terminal)
    shown, questions = b"", 0
    deadline = time.monotonic() + 60
    while process.poll() is None and time.monotonic() < deadline:
        if select.select([main], [], [], 0.1)[0]:
            try:
                shown += os.read(main, 4096)
            except OSError:  # the other end is closed
                break
        if shown.count(b"[y/N]") > questions:
            questions += 1
            os.write(main, answer)
    printed, _ = process.communicate(timeout=60)
    os.close(main)
    assert printed.decode().strip() == outcome, shown.decode()
    assert b"the run's budget of 0.2 kWh is spent: 0.2 kWh spent" in shown
    assert questions == 1


def run(task, graph, metering, folder, recipe=MADE_BY, *more):
    train_into(folder, task, graph, metering, recipe, *more, ledger="ledger/model.jsonl")
    return pd.read_parquet(folder / "epochs.parquet")


def events_of(folder):
    return [json.loads(line) for line in (folder / "ledger/model.jsonl").read_text().splitlines()]


def give(monkeypatch, folder, **block):
    monkeypatch.setenv(VARIABLE, Budget(BudgetBlock(**block), study_folder=folder).to_json())


def test_a_stopped_training_leaves_a_clean_checkpoint(task, graph, metering, tmp_path, monkeypatch, capsys):
    give(monkeypatch, tmp_path, run_kwh=1e-12)
    epochs = run(task, graph, metering, tmp_path)
    assert list(epochs["epoch"]) == [1]
    forecaster, _ = read_checkpoint(tmp_path / "model.safetensors", task, graph, CPU)
    rmse = validation_rmse(forecaster, task, task.origins(task.splits.validation))
    assert rmse == pytest.approx(epochs["validation_rmse"].min(), rel=1e-5)
    end = events_of(tmp_path)[-1]
    assert (end["event"], end["outcome"]) == ("end", "stopped")
    assert "the run's budget of 1e-12 kWh is spent" in end["reason"]
    assert "epoch 1: stopped with the best weights so far" in capsys.readouterr().err
    assert not (tmp_path / "model.resume").exists()


def test_a_budget_that_is_kept_changes_nothing_but_what_is_told(task, graph, metering, tmp_path, monkeypatch):
    run(task, graph, metering, tmp_path / "free")
    give(monkeypatch, tmp_path / "kept", run_kwh=1e3, study_kwh=1e3)
    run(task, graph, metering, tmp_path / "kept")
    free, kept = ((tmp_path / name / "model.safetensors").read_bytes() for name in ("free", "kept"))
    assert free == kept
    assert events_of(tmp_path / "kept")[-1]["outcome"] == "finished"


def test_a_spent_study_starts_no_training(task, graph, metering, tmp_path, monkeypatch):
    run(task, graph, metering, tmp_path / "first")
    give(monkeypatch, tmp_path, study_kwh=1e-12)
    with pytest.raises(Fault, match="nothing more was run"):
        run(task, graph, metering, tmp_path / "second")
    assert not (tmp_path / "second").exists()


def test_a_resumed_training_pays_for_its_first_attempt(task, graph, metering, tmp_path, monkeypatch):
    """Interrupted after two epochs that were within no budget: the resumed attempt hands over what there is."""
    save = ResumeFile.save

    def save_and_break(self, learner, training):
        save(self, learner, training)
        if training.epoch == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ResumeFile, "save", save_and_break)
        with pytest.raises(KeyboardInterrupt):
            run(task, graph, metering, tmp_path)
    give(monkeypatch, tmp_path, run_kwh=1e-12)
    assert list(run(task, graph, metering, tmp_path)["epoch"]) == [1, 2]
    events = events_of(tmp_path)
    assert [event["event"] for event in events].count("start") == 2
    assert events[-1]["outcome"] == "stopped"


def test_every_epoch_notes_the_number_of_parameters(task, graph, metering, tmp_path):
    run(task, graph, metering, tmp_path)
    forecaster, _ = read_checkpoint(tmp_path / "model.safetensors", task, graph, CPU)
    expected = sum(parameter.numel() for parameter in forecaster.network.parameters())
    noted = {event["values"]["parameters"] for event in events_of(tmp_path) if event["event"] == "window"}
    assert noted == {expected}
