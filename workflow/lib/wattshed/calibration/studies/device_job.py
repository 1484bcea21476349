"""The calibration of a device as a metered job of a study."""

from pathlib import Path
from typing import Literal

import torch

from wattshed.calibration.calibrate import calibrate
from wattshed.calibration.limits import TooFewSeconds
from wattshed.config.energy.metering import MeteringBlock
from wattshed.devices.torch_device import choose_device, synchroniser
from wattshed.energy.meter import Meter
from wattshed.energy.metered_job import metered_job
from wattshed.foundation.vocabulary import Stage
from wattshed.law.profile.device_profile import DeviceProfile
from wattshed.law.profile.files import write_profile

# Of sizes and their order: a study's calibration draws the same ones every time.
SEED = 1
# How often a calibration that found too little is repeated with twice the seconds.
LONGER = 3


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
        profile = _calibrated(seconds, device, threads, meter)
        # Before the ledger is closed: if the disk is full here, no ledger says that there is a profile.
        write_profile(output, profile)


def _calibrated(seconds: float, device: Literal["cpu", "cuda"], threads: int, meter: Meter) -> DeviceProfile:
    """Where the machine is too busy or too slow for so many seconds, it is given twice as many, and then again."""
    for longer in range(LONGER):
        try:
            return calibrate(seconds * 2**longer, device, threads, SEED, meter, _tell)
        except TooFewSeconds as few:
            print(f"{few} Once more, for {seconds * 2 ** (longer + 1):g} s.")
    return calibrate(seconds * 2**LONGER, device, threads, SEED, meter, _tell)


def _tell(what: str, share: float) -> None:
    print(f"{100 * share:3.0f} %: {what}")
