"""``wattshed calibrate``: measure this device for a minute and write its profile."""

from __future__ import annotations

import argparse
import math
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from wattshed.commands.output_place import check_file
from wattshed.foundation.faults import INTERRUPTED_EXIT_CODE, Fault, say

EXAMPLES = """examples:
  wattshed calibrate                                   the processor, one thread, one minute
  wattshed calibrate --device cuda --seconds 120       a GPU; more sizes, so narrower intervals
  wattshed calibrate --threads 4 --output four.json

It runs kernels (products, attention, recurrent layers, normalisation, losses, optimiser, sparse sums, fits and the
fused recurrence) and whole training steps of random sizes, under the meter. Laws of time for each kind of operation,
the power, and the errors for families that were left out are written to a profile, from which wattshed predict reckons.
The profile goes to --output, else to $WATTSHED_PROFILE, else to the user's cache folder; the energy of the calibration
itself goes to a ledger beside it. Leave the machine alone meanwhile: what disturbs the times widens the intervals.
After Ctrl-C an old profile stays as it was, and the ledger keeps the energy that was spent."""
# Where fewer seconds than these are given, no idle power is measured first.
IDLE_SECONDS = 30.0


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "calibrate",
        help="measure this device for a minute, for predictions before any training",
        description="Measure kernels and training steps of this device and write its profile.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="most seconds, setting up included (default: %(default)g)"
    )
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="default: %(default)s")
    parser.add_argument(
        "--threads", type=int, default=1, help="threads of torch on the processor (default: %(default)s)"
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        help="profile to write (default: $WATTSHED_PROFILE, else in the user's cache)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="of the sizes and their order (default: %(default)s)"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """0 once the profile is written. Raises :class:`Fault` before anything is measured for what cannot work here."""
    began_s = time.perf_counter()
    check(arguments)
    from wattshed.law.profile.files import default_profile, here, write_profile

    # What has no such device is refused before torch is imported.
    here(arguments.device, arguments.threads)
    output = (
        Path(arguments.output) if arguments.output else default_profile(arguments.device, arguments.threads)
    )
    check_file(output, "--output")

    # Imported here: torch takes a second to load.
    from wattshed.calibration.calibrate import calibrate
    from wattshed.commands.printing.calibration_output import ProgressLine, print_summary
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.devices.torch_device import choose_device, synchroniser
    from wattshed.energy.ledger.writing import part_of
    from wattshed.energy.metered_job import metered_job
    from wattshed.foundation.vocabulary import Stage

    device = choose_device(arguments.device)
    # A window of a step takes a hundredth of the seconds.
    metering = MeteringBlock(minimum_window_s=min(1.0, max(0.1, arguments.seconds / 120)))
    if arguments.seconds < IDLE_SECONDS:
        metering = metering.model_copy(update={"idle_s": 0.0})
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    ledger = output.with_name(f"{output.stem}-calibration-{moment}.jsonl")
    words = " ".join(["wattshed", *sys.argv[1:]])
    try:
        with (
            metered_job(
                ledger,
                stage=Stage.COMMAND,
                job=ledger.stem,
                labels={"command": words, "seconds": arguments.seconds, "seed": arguments.seed},
                metering=metering,
                synchronise=synchroniser(device),
            ) as meter,
            ProgressLine() as line,
        ):
            profile = calibrate(
                arguments.seconds,
                arguments.device,
                arguments.threads,
                arguments.seed,
                meter,
                line.show,
                began_s=began_s,
            )
            # Written before the ledger is closed: a profile without its energy would be worse than none.
            write_profile(output, profile)
    except KeyboardInterrupt:
        say(
            f"interrupted: no profile was written, and the same command starts over; the energy so far is in "
            f"{part_of(ledger)}."
        )
        return INTERRUPTED_EXIT_CODE
    print_summary(profile, output, ledger)
    return 0


def check(arguments: argparse.Namespace) -> None:
    """Raises :class:`Fault` for numbers that no calibration can take."""
    from wattshed.calibration.limits import LEAST_SECONDS, MOST_SECONDS, MOST_THREADS

    seconds, threads = arguments.seconds, arguments.threads
    if not math.isfinite(seconds) or not LEAST_SECONDS <= seconds <= MOST_SECONDS:
        raise Fault(
            f"--seconds {seconds:g}: expected {LEAST_SECONDS:g} to {MOST_SECONDS:g}, since fewer do not give every law "
            "its points; 60 are enough on most machines."
        )
    if not 1 <= threads <= MOST_THREADS:
        raise Fault(f"--threads {threads}: expected 1 to {MOST_THREADS}; give the number that trainings use.")
    if arguments.seed < 0 or arguments.seed >= 2**32:
        raise Fault(f"--seed {arguments.seed}: expected 0 to {2**32 - 1}; give another one.")
    if arguments.device == "cuda" and threads != 1:
        say("wattshed: --threads counts for the processor's part of the work on a GPU too.")
