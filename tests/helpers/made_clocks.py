"""Clock sweeps, their choices and checks as the library makes them from an invented GPU; governor, phases and
predictions invented."""

from dataclasses import asdict
from functools import cache
from pathlib import Path

import pandas as pd

from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import choose
from wattshed.clocks.governing.simulation.compare import Compared
from wattshed.clocks.predicting.held_out import COLUMNS as PREDICTED
from wattshed.clocks.predicting.verdict import Standing
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.clocks.validating.validate import validate
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation.writing import write_json, write_parquet

PHASED = ("label", "source", "gpu", "workload", "start_s", "end_s", "phase", "rule", "windows", "power_w", "true_phase",
          "setting")  # fmt: skip


@cache
def made_sweep():
    """A sweep, and what is chosen from it as JSON. Its seed is fixed, so that all lineages and studies share it."""
    block = ClocksBlock(repeats=5)
    sweep = run_sweep(SimulatedClocks(block.simulated, block.seed), lambda: None, block)
    return sweep, [choice.to_json() for choice in choose(sweep, Limits(0.05))]


def write_clocks(folder: Path, lineages):
    """The sweep of each lineage's inference, and all that follows from the sweeps."""
    validations = []
    for lineage in lineages:
        sweep, choices = made_sweep()
        write_parquet(folder / f"clocks/{lineage}.inference.sweep.parquet", sweep)
        write_json(folder / f"clocks/{lineage}.inference.choice.json", {"choices": choices})
        validations += [
            {"sweep": f"{lineage}.inference", **validate(choice, sweep).to_json()} for choice in choices
        ]
    if not lineages:
        return
    write_json(folder / "clocks/validation.json", {"validations": validations})
    write_json(folder / "clocks/governor.json", made_governor())
    write_parquet(folder / "clocks/phases.parquet", made_phases())
    write_parquet(folder / "clocks/predictions.parquet", made_predictions())
    write_parquet(folder / "clocks/prediction_standings.parquet", made_standings())


def made_mix(kind="ordinary", seed=0, **changed):
    """One compared mix: the governor saves 8 % where the oracle saves 10 %."""
    return asdict(
        Compared(
            **{
                "kind": kind, "seed": seed, "duration_s": 100.0, "maximum_energy_j": 1000.0,
                "saving_share": 0.08, "slowdown_share": 0.04,
                "static_setting": 1200, "static_saving_share": 0.05, "static_slowdown_share": 0.06,
                "hindsight_saving_share": 0.04, "hindsight_slowdown_share": 0.045,
                "oracle_saving_share": 0.10, "oracle_slowdown_share": 0.05,
                "of_oracle": 0.8, "changes": 9, "guard_returns": 0, "budget_returns": 1, "wrong_phase_share": 0.02,
                **changed,
            }
        )
    )  # fmt: skip


def made_governor(mixes=None):
    mixes = mixes or [made_mix(), made_mix("no idle", saving_share=0.02, maximum_energy_j=3000.0)]
    return {
        "label": "simulated", "rule": "activity", "max_slowdown_share": 0.05, "seed": 0,
        "summary": [{"kind": "all", "mixes": len(mixes)}], "mixes": mixes,
        "replayed": {"log": {"claims": "no effect", "changes": 3, "held_s": {"1410": 60.0}}},
    }  # fmt: skip


def made_phases():
    """A governed mix with true phases, and a recorded log without."""
    rows = [
        ("simulated", "ordinary mix, seed 0", "simulated", "mix of phases", 0.0, 20.0, "compute", "activity", 10, None,
         "compute", 1380),
        ("simulated", "ordinary mix, seed 0", "simulated", "mix of phases", 20.0, 24.0, "compute", "activity", 2, None,
         "memory", 1380),
        ("simulated", "ordinary mix, seed 0", "simulated", "mix of phases", 24.0, 60.0, "memory", "activity", 18, None,
         "memory", 810),
        ("recorded", "a_log", "A100", "serving", 0.0, 30.0, "idle", "activity", 15, 52.0, None, None),
        ("recorded", "a_log", "A100", "serving", 40.0, 70.0, "balanced", "activity", 15, 210.0, None, None),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(PHASED))


def made_predictions():
    rows = [
        (
            "workload",
            "1 probe",
            picker,
            gpu,
            workload,
            workload,
            3,
            900.0,
            1050,
            0.03,
            0.10,
            0.12,
            True,
            False,
        )
        for picker in ("median_optimum", "prior")
        for gpu in ("A100", "V100")
        for workload in ("llama", "whisper")
    ]
    return pd.DataFrame(rows, columns=list(PREDICTED))


def made_standings():
    def one(policy, picker, **changed):
        known = {
            "split": "workload", "policy": policy, "picker": picker, "cells": 4, "picked": 4, "families": 2,
            "kept_share": 0.75, "saving_share": 0.05, "best_share": 0.12, "lead": None, "lead_low": None,
            "lead_high": None, "strongest": "median_optimum", "ahead": None, "ahead_low": None, "ahead_high": None,
            "words": "opponent",
        }  # fmt: skip
        return asdict(Standing(**{**known, **changed}))

    lead = {"lead": 0.02, "lead_low": 0.01, "lead_high": 0.03}
    return pd.DataFrame(
        [
            one("1 probe", "median_optimum"),
            one("1 probe", "law", picked=0, kept_share=float("nan"), saving_share=float("nan"),
                words="nothing to learn from"),
            one("1 probe", "prior", saving_share=0.07, words="beats the median optimum, but not best_probe", **lead),
        ]
    )  # fmt: skip
