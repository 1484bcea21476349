"""The calibration of a device as a metered job of a study."""

from pathlib import Path
from typing import Literal

import torch

from wattshed.calibration.calibrate import calibrate
from wattshed.config.energy.metering import MeteringBlock
from wattshed.devices.torch_device import choose_device, synchroniser
from wattshed.energy.metered_job import metered_job
from wattshed.foundation.vocabulary import Stage
from wattshed.law.profile.files import write_profile

# Of sizes and their order: a study's calibration draws the same ones every time.
SEED = 1


def calibrate_for_study(
    seconds: float,
    metering: MeteringBlock,
    *,
    device: Literal["cpu", "cuda"],
    threads: int,
    output: Path,
    ledger: Path,
) -> None:
    """Measure for about ``seconds``, and write the profile and the ledger.

    The job's energy counts in the study, under a stage of its own. A killed calibration begins again: its laws belong
    to one occasion.
    """
    torch.set_num_threads(threads)
    with metered_job(
        ledger,
        stage=Stage.CALIBRATION,
        job="calibrate_device",
        labels={"device": device},
        metering=metering,
        synchronise=synchroniser(choose_device(device)),
    ) as meter:
        profile = calibrate(seconds, device, threads, SEED, meter, print)
        # Before the ledger is closed: if the disk is full here, no ledger says that there is a profile.
        write_profile(output, profile)
