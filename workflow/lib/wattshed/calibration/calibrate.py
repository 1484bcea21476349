"""A calibration: kernels and training steps within a number of seconds, and the profile that is fitted to them."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

import torch

from wattshed import __version__
from wattshed.calibration.fits.laws_of_kinds import fit_laws
from wattshed.calibration.fits.step_terms import left_out_errors, refit
from wattshed.calibration.limits import TooFewSeconds
from wattshed.calibration.power import powers_of
from wattshed.calibration.rounds import WRITING_S, Clock, Progress, Rounds, no_energy
from wattshed.devices.torch_device import choose_device
from wattshed.foundation.vocabulary import Status
from wattshed.law.profile.device_profile import CalibrationRecord, DeviceProfile
from wattshed.law.profile.files import here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattshed.energy.meter import Meter


def calibrate(
    seconds: float,
    device: Literal["cpu", "cuda"],
    threads: int,
    seed: int,
    meter: Meter,
    progress: Progress = lambda what, share: None,
    *,
    began_s: float | None = None,
    kernels: Sequence[str] | None = None,
    families: Sequence[str] | None = None,
    least_rounds: int = 0,
) -> DeviceProfile:
    """Measure for at most ``seconds``, setting up included, and fit a profile of this device.

    began_s: when the seconds began, by ``time.perf_counter``; None for now. progress: gets what is done, and the share
    of the seconds that is over. kernels, families: only these; None for all. least_rounds: measured even if
    the seconds are over; each has every kernel once or twice. torch's number of threads is set back at
    the end. Raises :class:`Fault` if no energy can be known here, if there is no such device, and if the seconds end
    before anything can be fitted (then a :class:`TooFewSeconds`: more seconds may be enough).
    """
    clock = Clock(time.perf_counter() if began_s is None else began_s, seconds)
    place = choose_device(device)
    identity = here(device, threads)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    with _threads(threads), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        progress("looking at the device", clock.share)
        run = Rounds(clock, place, seed, meter, progress)
        identity_engine, fused = run.compiled()
        run.rounds(identity_engine, fused, kernels, families, least_rounds)
        found = run.found
        progress("fitting laws", clock.share)
        if not found.power:
            raise TooFewSeconds(
                f"{seconds:g} s were too few to measure anything on this machine: expected more; give --seconds a "
                "larger number."
            )
        power_w = powers_of(found.power, _is_measured(meter, device))
        if not power_w:
            raise no_energy()
        laws, scores, few = fit_laws(found.kernels, lambda: clock.left_s > WRITING_S)
        if not laws:
            raise TooFewSeconds(
                f"{seconds:g} s were too few to fit any law on this machine: expected more; give --seconds a larger "
                "number."
            )
        terms = refit(found.steps, laws)
        errors = left_out_errors(found.steps, laws, power_w)
    own = meter.since_start().own
    return DeviceProfile(
        device=type(identity)(
            identity.kind, identity.name, identity.threads, identity.torch, identity_engine
        ),
        calibration=CalibrationRecord(
            made=made,
            wattshed=__version__,
            seconds=round(time.perf_counter() - clock.began_s, 3),
            energy_j=own.joules or 0.0,
            energy_status=str(own.status),
            energy_source="; ".join(
                f"{name}: {part.source}"
                for name, part in own.components.items()
                if part.status != Status.MISSING
            ),
            seed=seed,
            few_points=(*few, *(name for name in found.left_out if name not in few)),
        ),
        laws=laws,
        power_w=power_w,
        overhead_s=terms.overhead_s,
        step_factor=terms.factor,
        cold_byte_s=terms.cold_byte_s,
        log_errors=errors,
        points={
            "kernels": [point.to_json() for point in found.kernels],
            "steps": [point.to_json() for point in found.steps],
            "power": [point.to_json() for point in found.power],
            "scores": scores,
        },
    )


def _is_measured(meter: Meter, device: str) -> bool:
    """Whether the device's own energy is read by a sensor."""
    component = "gpu" if device == "cuda" else "cpu"
    own = meter.since_start().own
    return any(
        part.status == Status.MEASURED for name, part in own.components.items() if name.startswith(component)
    )


@contextmanager
def _threads(threads: int) -> Iterator[None]:
    """torch computes with so many threads, and the collector of garbage does not interrupt."""
    before, collects = torch.get_num_threads(), gc.isenabled()
    torch.set_num_threads(threads)
    gc.disable()
    try:
        yield
    finally:
        torch.set_num_threads(before)
        if collects:
            gc.enable()
