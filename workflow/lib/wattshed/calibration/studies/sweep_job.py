"""Training steps of token-level networks over sizes: measured under the meter, beside their predictions."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import torch

from wattshed.calibration.steps import token_step
from wattshed.calibration.studies.rivals import peak_flop_per_s, rival_profile
from wattshed.calibration.studies.sweep_plan import SweepPoint, planned_points
from wattshed.config.energy.law import LawSweepBlock
from wattshed.config.energy.metering import MeteringBlock
from wattshed.devices.torch_device import choose_device, synchroniser
from wattshed.energy.meter import Meter
from wattshed.energy.metered_job import metered_job
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Stage, Window
from wattshed.foundation.writing import write_parquet
from wattshed.law.operations.operation import Operation
from wattshed.law.operations.tokens import token_training_step
from wattshed.law.predicting.document import RIVALS
from wattshed.law.predicting.prediction import Cost
from wattshed.law.predicting.step import predict_step
from wattshed.law.profile.device_profile import DeviceProfile

# Of weights and tokens.
SEED = 1
NUMBERS = (
    *("flops", "measured_s", "measured_j", "predicted_s", "predicted_j", "low_j", "high_j"),
    *("affine_j", "roofline_j", "time_power_j", "eta_share"),
)


def sweep_for_study(
    sweep: LawSweepBlock,
    profile: DeviceProfile,
    metering: MeteringBlock,
    *,
    device: Literal["cpu", "cuda"],
    threads: int,
    output: Path,
    ledger: Path,
) -> None:
    """Measure every point of the sweep once, and write one row per point and the ledger."""
    torch.set_num_threads(threads)
    torch.manual_seed(SEED)
    chosen = choose_device(device)
    with metered_job(
        ledger,
        stage=Stage.CALIBRATION,
        job="sweep_law",
        labels={"device": device},
        metering=metering,
        synchronise=synchroniser(chosen),
    ) as meter:
        # Before the ledger is closed: if the disk is full here, no ledger says that there is a sweep.
        write_parquet(output, sweep_frame(sweep, profile, meter, chosen))


def sweep_frame(
    sweep: LawSweepBlock, profile: DeviceProfile, meter: Meter, device: torch.device
) -> pd.DataFrame:
    """One row per point, in the order of the plan; a point that several factors share is measured once.

    Columns: ``family, factor, value``, the sizes, ``flops`` of a step, ``repeats``; ``measured_s, measured_j,
    energy_status`` of one step; ``predicted_s, predicted_j, low_j, high_j``; ``affine_j, roofline_j`` by rival laws and
    ``time_power_j`` from the measured time; ``eta_share``: of the highest rate that any kernel of the profile reached.
    An energy that is not known is null.
    """
    rivals = {form: rival_profile(profile, form) for form in RIVALS}
    peak = peak_flop_per_s(profile)
    measured: dict[Any, dict[str, Any]] = {}
    rows = []
    for point in planned_points(sweep):
        key = point.family, point.sizes
        if key not in measured:
            measured[key] = _measured(point, meter, device)
            print(
                f"{point.family} {point.factor} {point.value}: {measured[key]['measured_s']:.4f} s per step"
            )
        operations = token_training_step(point.family, point.sizes)
        flops = sum(operation.step_flops for operation in operations)
        found = measured[key]
        rows.append(
            {
                **{name: getattr(point, name) for name in ("family", "factor", "value")},
                **asdict(point.sizes),
                "flops": flops,
                **found,
                **_costs(operations, profile, rivals),
                "time_power_j": found["measured_s"] * profile.power_w["default"],
                "eta_share": None if peak is None else flops / found["measured_s"] / peak,
            }
        )
    return pd.DataFrame(rows).astype(dict.fromkeys(NUMBERS, "float64"))


def _measured(point: SweepPoint, meter: Meter, device: torch.device) -> dict[str, Any]:
    """Seconds and joules of one step, from one window after two steps to warm up."""
    window = meter.repeat(
        Window.MEASURE,
        token_step(point.family, point.sizes, device),
        warm_up_calls=2,
        family=point.family,
        **asdict(point.sizes),
    )
    return {
        "repeats": window.repeats,
        "measured_s": window.duration_s,
        "measured_j": window.own.joules,
        "energy_status": str(window.own.status),
    }


def _costs(
    operations: Sequence[Operation], profile: DeviceProfile, rivals: Mapping[str, DeviceProfile | None]
) -> dict[str, float | None]:
    cost = _predicted(operations, profile)
    found: dict[str, float | None] = dict.fromkeys(("predicted_s", "predicted_j", "low_j", "high_j"))
    if cost is not None:
        found |= {"predicted_s": cost.time_s, "predicted_j": cost.energy_j}
        found |= {"low_j": cost.energy_low_j, "high_j": cost.energy_high_j}
    for form, rival in rivals.items():
        other = None if rival is None else _predicted(operations, rival)
        found[f"{form}_j"] = None if other is None else other.energy_j
    return found


def _predicted(operations: Sequence[Operation], profile: DeviceProfile) -> Cost | None:
    """None where the profile has no law for one of the operations."""
    try:
        return predict_step(operations, profile)
    except Fault:
        return None
