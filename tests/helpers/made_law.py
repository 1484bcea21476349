"""Results of the energy law in the formats of docs/architecture.md, invented but realistic, for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.accounts.predicted.compared import COLUMNS, TYPES
from wattshed.calibration.fits.laws_of_kinds import fit_laws
from wattshed.calibration.fits.points import KernelPoint
from wattshed.foundation.writing import write_json, write_parquet
from wattshed.law.operations.operation import Direction, Kind, Operation
from wattshed.law.predicting.prediction import Cost, Prediction
from wattshed.law.profile.device_profile import CalibrationRecord, DeviceIdentity, DeviceProfile
from wattshed.law.profile.files import write_profile

POWER_W = 8.0
FACTORS = {"layers": (1, 2, 4), "width": (32, 64, 128, 256), "heads": (1, 2, 4), "length": (16, 32, 64)}
BASE = {"batch": 8, "length": 32, "width": 64, "layers": 2, "heads": 2, "feed_forward": 4, "vocabulary": 512}
KINDS = {
    (Kind.LINEAR, Direction.FORWARD): 3e-11,
    (Kind.LINEAR, Direction.BACKWARD): 4e-11,
    (Kind.SCORES, Direction.FORWARD): 5e-11,
    (Kind.GRU_HIDDEN_GATES, Direction.FORWARD): 6e-11,
}
SHARES = {"linear": 0.4, "gru_hidden_gates": 0.3, "optimiser": 0.12, "loss": 0.02, "batch": 0.06}


def write_law(folder: Path, models: Mapping[str, tuple[float, int]], seeds: Sequence[int]) -> None:
    """All results of the law; models: J of a step and steps of an epoch by model."""
    write_profile(folder / "law/profile.json", make_profile())
    write_json(folder / "law/predictions.json", make_document(models), sealed=True)
    write_parquet(folder / "law/predictions.parquet", make_compared(models, seeds))
    write_parquet(folder / "law/sweep.parquet", make_sweep())


def make_cost(energy_j: float, margin: float = 1.25) -> Cost:
    time_s = energy_j / POWER_W
    return Cost(time_s, time_s / margin, time_s * margin, energy_j, energy_j / margin, energy_j * margin)


def make_document(models: Mapping[str, tuple[float, int]], epochs: int = 8) -> dict:
    """``law/predictions.json``; models: J of a step and steps of an epoch by model."""
    entries = []
    for name, (step_j, steps) in models.items():
        costs = {"step": step_j, "epoch": 1.05 * steps * step_j, "training": epochs * 1.05 * steps * step_j}
        prediction = Prediction(
            name,
            **{part: make_cost(joules) for part, joules in costs.items()},
            closed_form=None,
            steps_per_epoch=steps,
            epochs=epochs,
        )
        entries.append(
            {
                **asdict(prediction),
                "why_none": None,
                "rivals_j": {
                    form: {part: error * joules for part, joules in costs.items()}
                    for form, error in (("affine", 1.1), ("roofline", 0.7))
                },
                "by_kind_s": {kind: share * step_j / POWER_W for kind, share in SHARES.items()},
                "step_flops": step_j * 1e10,
            }
        )
    profile = make_profile()
    return {
        "device": asdict(profile.device),
        "calibration": asdict(profile.calibration),
        "power_w": dict(profile.power_w),
        "panel": {"nodes": 6, "hours": 2000, "edges": 20},
        "models": entries,
    }


def make_compared(
    models: Mapping[str, tuple[float, int]], seeds: Sequence[int], epochs: int = 8
) -> pd.DataFrame:
    """``law/predictions.parquet`` of predictions that are up to a tenth off."""
    random = np.random.default_rng(5)
    rows = []
    for name, (step_j, steps) in models.items():
        level = random.uniform(0.9, 1.1)
        for seed in seeds:
            own = level * random.uniform(0.98, 1.02)
            for quantity, joules in (
                ("step", step_j),
                ("epoch", 1.05 * steps * step_j),
                ("training", epochs * 1.05 * steps * step_j),
            ):
                measured, cost = own * joules, make_cost(joules)
                row = {
                    "model": name,
                    "seed": seed,
                    "quantity": quantity,
                    "predicted_j": joules,
                    "low_j": cost.energy_low_j,
                    "high_j": cost.energy_high_j,
                    "measured_j": measured,
                    "error_share": joules / measured - 1,
                    "inside": cost.energy_low_j <= measured <= cost.energy_high_j,
                    "affine_j": 1.1 * joules,
                    "roofline_j": 0.7 * joules,
                    "time_power_j": 1.02 * measured,
                    "predicted_s": cost.time_s,
                    "measured_s": measured / POWER_W,
                    "error_s_share": joules / measured - 1,
                    "steps": steps,
                    "epochs": epochs,
                    "allowed_epochs": epochs,
                    "energy_status": "estimated",
                }
                if quantity == "training":
                    after = measured * random.uniform(0.97, 1.03)
                    row |= {
                        "allowed_j": joules,
                        "after_first_epoch_j": after,
                        "after_low_j": after / 1.06,
                        "after_high_j": after * 1.06,
                        "after_error_share": after / measured - 1,
                        "after_inside": True,
                    }
                rows.append(row)
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype({name: TYPES[name] for name in COLUMNS})


def make_kernels() -> list[KernelPoint]:
    """Kernels as a profile keeps them: times with a start of 5 µs and a spread of 5 %."""
    random = np.random.default_rng(3)
    points = []
    for (kind, direction), flop_s in KINDS.items():
        for place, flops in enumerate(np.geomspace(2e4, 4e9, 16)):
            time_s = (5e-6 + flops * flop_s) * random.lognormal(0, 0.05)
            operation = Operation(kind, flops, 12 * flops ** (2 / 3), direction=direction)
            points.append(KernelPoint(str(kind), str(place // 3), direction, (operation,), time_s, 20))
    return points


def make_profile() -> DeviceProfile:
    """A profile whose laws are fitted to :func:`make_kernels`."""
    kernels = make_kernels()
    laws, scores, _ = fit_laws(kernels)
    return DeviceProfile(
        DeviceIdentity("cpu", "Test CPU", 1, "2.13.0", "fused_cpu"),
        CalibrationRecord(
            "2026-01-05T08:00:00+00:00", "0.1.0", 58.2, 460.0, "estimated", "codecarbon cpu_load"
        ),
        laws,
        {"default": POWER_W},
        overhead_s=2e-4,
        step_factor=1.05,
        log_errors={"gru": [0.02, -0.04], "lstm": [0.05, -0.01], "transformer": [0.08, -0.06]},
        points={"kernels": [point.to_json() for point in kernels], "scores": scores},
    )


def make_sweep() -> pd.DataFrame:
    """``law/sweep.parquet`` of three families around one base."""
    random = np.random.default_rng(9)
    rows = []
    for family, weights in (("lstm", 8), ("gru", 6), ("transformer", 12)):
        for factor, values in FACTORS.items():
            if factor == "heads" and family != "transformer":
                continue
            for value in values:
                sizes = {**BASE, factor: value}
                tokens = sizes["batch"] * sizes["length"]
                width = sizes["width"]
                flops = 6.0 * tokens * width * (sizes["layers"] * weights * width + sizes["vocabulary"])
                predicted_s = 4e-4 + 3e-11 * flops
                measured_s = predicted_s * random.lognormal(0, 0.06)
                cost = make_cost(predicted_s * POWER_W)
                rows.append(
                    {
                        "family": family,
                        "factor": factor,
                        "value": value,
                        **sizes,
                        "flops": flops,
                        "repeats": 20,
                        "measured_s": measured_s,
                        "measured_j": measured_s * POWER_W,
                        "energy_status": "estimated",
                        "predicted_s": cost.time_s,
                        "predicted_j": cost.energy_j,
                        "low_j": cost.energy_low_j,
                        "high_j": cost.energy_high_j,
                        "affine_j": 1.1 * cost.energy_j,
                        "roofline_j": 0.7 * cost.energy_j,
                        "time_power_j": measured_s * POWER_W,
                        "eta_share": flops / measured_s / 5e10,
                    }
                )
    return pd.DataFrame(rows)
