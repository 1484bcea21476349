"""Write docs/energy_law_steps.md: are whole training steps predicted by laws that come from kernels alone?

A calibration makes a device profile. Then steps of other random sizes, of all families, are measured under the meter.
Each family's steps are predicted with what was measured of the other families, and so is every rival.
"""

import argparse
import json
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import torch
from law_steps_judged import EPOCHS, HeldOut, judged_rows, summary
from law_steps_page import page

from wattshed.calibration.calibrate import calibrate
from wattshed.calibration.drawing import MOST_VALUES
from wattshed.calibration.fits.points import StepPoint
from wattshed.calibration.house_steps import HOUSE_FAMILIES, draw_house_step
from wattshed.calibration.power import repeat
from wattshed.calibration.rounds import STEP_ARRAYS
from wattshed.calibration.steps import StepCase, draw_token_step
from wattshed.calibration.synthetic import World
from wattshed.calibration.timing import Timer, stopwatch_for
from wattshed.config.energy.metering import MeteringBlock
from wattshed.devices.torch_device import synchroniser
from wattshed.energy.meter import Meter
from wattshed.energy.metered_job import metered_job
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine
from wattshed.foundation.vocabulary import Stage
from wattshed.law.operations.tokens import TOKEN_FAMILIES
from wattshed.law.profile.device_profile import DeviceProfile
from wattshed.law.profile.files import read_profile, write_profile

ROOT = Path(__file__).resolve().parent.parent
# Held-out sizes are drawn from other random numbers than those of the calibration.
HELD_OUT_SEED = 1_000_003
FUSED_SIZES = (16, 32, 64, 8)
# Larger steps would use up the time [FLOPs].
MOST_FLOPS = 3e9
# As in the calibration: the C library asks for new pages for larger arrays, which no law knows.
MOST_ARRAY_VALUES = STEP_ARRAYS * MOST_VALUES


def sources(world: World, random: Random, engine: str) -> list[Any]:
    """One drawing of a random step per family and source."""
    fused = FUSED_SIZES if engine != "torch" else ()
    tokens = [lambda family=name: draw_token_step(family, random) for name in TOKEN_FAMILIES]
    house = [
        lambda family=name: draw_house_step(family, random, world, engine, fused) for name in HOUSE_FAMILIES
    ]
    return [*tokens, *house]


def measured(meter: Meter, case: StepCase, device: torch.device) -> HeldOut:
    """A step in several windows: the first is the first epoch, and the mean of all is the truth."""
    step = case.build(device)
    timer = Timer(
        synchroniser(device),
        device.type == "cuda",
        stopwatch=stopwatch_for(device.type, torch.get_num_threads()),
    )
    windows = [repeat(meter, step, timer, family=case.family) for _ in range(EPOCHS)]
    joules = [one.energy_j for one in windows]
    if any(one is None for one in joules):
        raise SystemExit("no energy of a step is known here: wattshed doctor says what to do.")
    # repeat() gives the joules of one call.
    times = sorted(one.time_s for one in windows)
    point = StepPoint(
        case.family,
        case.source,
        case.size,
        case.operations,
        times[len(times) // 2],
        joules[0],
        windows[0].calls,
    )
    return HeldOut(point, tuple(float(one) for one in joules))


def hold_out(
    meter: Meter, profile: DeviceProfile, seconds: float, seed: int, device: torch.device
) -> list[HeldOut]:
    """Steps of all families in turn, of sizes that the calibration does not have, until the seconds are used."""
    random, world = Random(seed + HELD_OUT_SEED), World.make(seed)
    known = {json.dumps([row["family"], row["size"]], sort_keys=True) for row in profile.points["steps"]}
    end_s, found = time.perf_counter() + seconds, list[HeldOut]()
    drawn = sources(world, random, profile.device.engine)
    while time.perf_counter() < end_s:
        for draw in drawn:
            case = draw()
            if case is None or sum(one.step_flops for one in case.operations) > MOST_FLOPS:
                continue
            if case.largest_values > MOST_ARRAY_VALUES:
                continue
            if json.dumps([case.family, case.size], sort_keys=True) in known:
                continue
            if not all((one.kind, one.direction) in profile.laws for one in case.operations):
                continue
            found.append(measured(meter, case, device))
            if time.perf_counter() > end_s:
                break
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of the calibration")
    parser.add_argument("--held-out-seconds", type=float, default=180.0, help="of the held-out steps")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--profile", type=Path, help="a profile of this device, in place of a calibration")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/energy_law_steps.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    metering = MeteringBlock(minimum_window_s=0.25)
    with (
        TemporaryDirectory() as folder,
        metered_job(
            Path(folder) / "law_steps.jsonl",
            stage=Stage.COMMAND,
            job="law_steps",
            labels={"seed": arguments.seed},
            metering=metering,
        ) as meter,
    ):
        if arguments.profile is None:
            profile = calibrate(arguments.seconds, arguments.device, 1, arguments.seed, meter)
        else:
            profile = read_profile(arguments.profile)
        held_out = hold_out(
            meter, profile, arguments.held_out_seconds, arguments.seed, torch.device(arguments.device)
        )
        # Through a file and back, as a prediction reads it.
        write_profile(Path(folder) / "profile.json", profile)
        profile = read_profile(Path(folder) / "profile.json")
    steps = [StepPoint.from_json(row) for row in profile.points["steps"]]
    rows = judged_rows(profile, steps, held_out)
    found = {
        "made": datetime.now(UTC).date().isoformat(),
        "commit": commit_text(describe_commit()),
        "machine": describe_machine()["processor"],
        "engine": profile.device.engine,
        "seed": arguments.seed,
        "calibration_s": profile.calibration.seconds,
        "energy_status": profile.calibration.energy_status,
        "calibration_steps": len(steps),
        "calibration_kernels": len(profile.points["kernels"]),
        "terms": {
            "overhead_s": profile.overhead_s,
            "step_factor": profile.step_factor,
            "cold_byte_s": profile.cold_byte_s,
        },
        "summary": summary(rows),
        "steps": rows,
    }
    arguments.output.with_suffix(".json").write_text(json.dumps(found, indent=1, allow_nan=False) + "\n")
    arguments.output.write_text(page(found))
    print(json.dumps(found["summary"], indent=1))


if __name__ == "__main__":
    main()
