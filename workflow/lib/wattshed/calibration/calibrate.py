"""A calibration: kernels and training steps within a number of seconds, and the profile that is fitted to them."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import TYPE_CHECKING, Literal

import torch

from wattshed import __version__
from wattshed.calibration.fitting import fit_laws
from wattshed.calibration.house_kernels import house_kernels
from wattshed.calibration.house_steps import HOUSE_FAMILIES, draw_house_step
from wattshed.calibration.kernels import TORCH_KERNELS, Case, Draw, Speed
from wattshed.calibration.points import KernelPoint, StepPoint
from wattshed.calibration.power import PowerPoint, measure_power, powers_of, repeat
from wattshed.calibration.step_terms import left_out_errors, refit
from wattshed.calibration.steps import StepCase, draw_token_step
from wattshed.calibration.synthetic import World
from wattshed.calibration.timing import Timer, Work
from wattshed.devices.torch_device import choose_device, synchroniser
from wattshed.engine.choice import choose
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status
from wattshed.law.operations.tokens import TOKEN_FAMILIES
from wattshed.law.operations.training import backward
from wattshed.law.profile.device_profile import CalibrationRecord, DeviceProfile
from wattshed.law.profile.files import here

if TYPE_CHECKING:
    from collections.abc import Iterator

    from wattshed.energy.meter import Meter

# Fewer seconds do not give every law its points.
LEAST_SECONDS = 10.0
# Of the seconds that are left after setting up: for kernels, for power, and (the rest) for steps.
KERNEL_SHARE, POWER_SHARE = 0.5, 0.1
# Of all seconds, kept for fitting and for writing.
FIT_SHARE, LEAST_FIT_S = 0.1, 2.5
# Each kernel is to be measured at so many sizes at least; at fewer where the seconds are few.
ROUNDS, FEW_ROUNDS, FEW_SECONDS = 16, 10, 30.0
# These vary in more sizes than others, and have two draws in a round.
TWICE = ("lstm", "gru", "linear", "elementwise")
# Hidden units for which the fused kernel is compiled, as long as a tenth of the seconds lasts.
FUSED_SIZES = (16, 32, 64, 8)
COMPILE_SHARE = 0.1
# Shortest call that is drawn; the longest is a share of the time that a kernel may take, with its arrays and warm-up.
LEAST_CALL_S = 1e-6
CALL_SHARE = 0.08
Progress = Callable[[str, float], None]


@dataclass
class _Clock:
    """When the calibration began (setting up included), and when it must end."""

    began_s: float
    seconds: float

    @property
    def left_s(self) -> float:
        return self.began_s + self.seconds - time.perf_counter()

    @property
    def share(self) -> float:
        return min(1.0, 1 - self.left_s / self.seconds)


@dataclass
class _Measured:
    kernels: list[KernelPoint] = field(default_factory=list)
    steps: list[StepPoint] = field(default_factory=list)
    power: list[PowerPoint] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)


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
) -> DeviceProfile:
    """Measure for at most ``seconds``, setting up included, and fit a profile of this device.

    began_s: when the seconds began, by ``time.perf_counter``; None for now. progress: gets what is done, and the share
    of the seconds that is over. kernels, families: only these; None for all. torch's number of threads is set back at
    the end. Raises :class:`Fault` if no energy can be known here, if there is no such device, and if the seconds end
    before anything can be fitted.
    """
    clock = _Clock(time.perf_counter() if began_s is None else began_s, seconds)
    place = choose_device(device)
    identity = here(device, threads)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    with _threads(threads), torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        progress("looking at the device", clock.share)
        run = _Run(clock, place, seed, meter, progress)
        identity_engine, fused = run.compiled()
        run.rounds(identity_engine, fused, kernels, families)
        found = run.found
        progress("fitting laws", clock.share)
        power_w = powers_of(found.power)
        if not power_w:
            raise Fault(
                "no energy of the calibration is known, measured or estimated: expected a sensor that works here; "
                "wattshed doctor says what to do."
            )
        laws, scores, few = fit_laws(found.kernels)
        if not laws:
            raise Fault(
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
        log_errors=errors,
        points={
            "kernels": [point.to_json() for point in found.kernels],
            "steps": [point.to_json() for point in found.steps],
            "power": [point.to_json() for point in found.power],
            "scores": scores,
        },
    )


class _Run:
    """The measuring part of one calibration."""

    def __init__(
        self, clock: _Clock, device: torch.device, seed: int, meter: Meter, progress: Progress
    ) -> None:
        self.clock, self.device, self.meter, self.progress = clock, device, meter, progress
        self.random = Random(seed)
        self.seed = seed
        self.timer = Timer(synchroniser(device), device.type == "cuda")
        self.found = _Measured()
        # Seconds that kernels were to take, and took: a slow machine gets smaller sizes.
        self.planned_s = self.taken_s = 0.0

    def compiled(self) -> tuple[Literal["torch", "fused_cpu", "fused_cuda"], list[int]]:
        """What computes a small recurrent network here, and the hidden units that it is compiled for."""
        end_s = time.perf_counter() + COMPILE_SHARE * self.clock.seconds
        sizes: list[int] = []
        for hidden in FUSED_SIZES:
            chosen = choose("auto", self.device.type, hidden)
            if chosen.kernel is None:
                return "torch", []
            sizes.append(hidden)
            if time.perf_counter() > end_s:
                break
        return chosen.name, sizes

    def speed(self) -> Speed:
        """A quick look at the rates of products and of large arrays."""
        size = 256 if self.device.type == "cpu" else 2048
        count = 2**20 if self.device.type == "cpu" else 2**25
        left, right = (torch.randn(size, size, device=self.device) for _ in range(2))
        array = torch.randn(count, device=self.device)
        product_s = self.timer.time(Work(lambda: left @ right), 0.03).forward_s
        added_s = self.timer.time(Work(lambda: array + array), 0.03).forward_s
        return Speed(2 * size**3 / product_s, 8 * count / added_s)

    def rounds(
        self,
        engine: str,
        fused: Sequence[int],
        kernels: Sequence[str] | None,
        families: Sequence[str] | None,
    ) -> None:
        """Kernels and steps in rounds, in random order within each, until the seconds are used; power in the middle."""
        speed, world = self.speed(), World.make(self.seed)
        draws: dict[str, Draw] = {**TORCH_KERNELS, **house_kernels(world, fused)}
        draws = {name: draw for name, draw in draws.items() if kernels is None or name in kernels}
        sources = self._sources(world, engine, fused, families)
        end_s = max(FIT_SHARE * self.clock.seconds, LEAST_FIT_S)
        usable_s = max(0.0, self.clock.left_s - end_s)
        rounds = ROUNDS if self.clock.seconds >= FEW_SECONDS else FEW_ROUNDS
        named = [*draws, *(name for name in draws if name in TWICE)]
        kernel_s = KERNEL_SHARE * usable_s / (rounds * max(1, len(named)))
        power_s = POWER_SHARE * usable_s
        step_s = 1.3 * self.meter.minimum_window_s
        steps_s = usable_s * (1 - KERNEL_SHARE - POWER_SHARE)
        steps_each = max(1, round(steps_s / (rounds * step_s))) if sources else 0
        # Steps wait until kernels of every sort have been seen.
        waiting: list[Callable[[], StepCase | None]] = []
        number = 0
        while self.clock.left_s > end_s:
            tasks: list[Callable[[], None]] = [
                self._kernel_task(draws[name], speed, kernel_s) for name in named
            ]
            for _ in range(steps_each):
                if not waiting:
                    waiting = self.random.sample(sources, len(sources))
                tasks.append(self._step_task(waiting.pop(), speed))
            self.random.shuffle(tasks)
            for task in tasks:
                if self.clock.left_s <= end_s:
                    break
                task()
            if number == 2:
                began_s = time.perf_counter()
                self.found.power += measure_power(
                    self.meter,
                    self.device,
                    lambda: (
                        time.perf_counter() - began_s < power_s  # noqa: B023 (used within this round)
                        and self.clock.left_s > end_s + self.meter.minimum_window_s
                    ),
                )
            number += 1
            self.progress(
                f"{len(self.found.kernels)} kernels, {len(self.found.steps)} steps", self.clock.share
            )
        seen = {point.kernel for point in self.found.kernels}
        self.found.left_out = [f"{name} (kernel)" for name in draws if name not in seen]

    def _sources(
        self, world: World, engine: str, fused: Sequence[int], families: Sequence[str] | None
    ) -> list[Callable[[], StepCase | None]]:
        def tokens(family: str) -> Callable[[], StepCase | None]:
            return lambda: draw_token_step(family, self.random)

        def house(family: str) -> Callable[[], StepCase | None]:
            return lambda: draw_house_step(family, self.random, world, engine, fused)

        return [
            *(tokens(name) for name in TOKEN_FAMILIES if families is None or name in families),
            *(house(name) for name in HOUSE_FAMILIES if families is None or name in families),
        ]

    def _kernel_task(self, draw: Draw, speed: Speed, allowance_s: float) -> Callable[[], None]:
        def task() -> None:
            began_s = time.perf_counter()
            pace = min(1.0, self.planned_s / self.taken_s) if self.taken_s else 1.0
            longest_s = max(10 * LEAST_CALL_S, CALL_SHARE * allowance_s * pace)
            target_s = LEAST_CALL_S * (longest_s / LEAST_CALL_S) ** self.random.random()
            self._time(draw(self.random, speed, target_s), 0.5 * allowance_s * pace)
            self.planned_s += allowance_s
            self.taken_s += time.perf_counter() - began_s

        return task

    def _time(self, case: Case, allowance_s: float) -> None:
        timed = self.timer.time(case.build(self.device), allowance_s)
        directions = {one.direction for one in case.operations}
        assert len(directions) == 1, case.kernel
        (direction,) = directions
        self.found.kernels.append(
            KernelPoint(case.kernel, case.group, direction, case.operations, timed.forward_s, timed.calls)
        )
        behind = tuple(found for one in case.operations if (found := backward(one)) is not None)
        if timed.backward_s is not None and len(behind) == len(case.operations):
            self.found.kernels.append(
                KernelPoint(
                    case.kernel, case.group, behind[0].direction, behind, timed.backward_s, timed.calls
                )
            )

    def _step_task(self, draw: Callable[[], StepCase | None], speed: Speed) -> Callable[[], None]:
        def task() -> None:
            longest_s = self.meter.minimum_window_s / 2
            for _ in range(20):
                case = draw()
                if case is None:
                    return
                # Steps reach a small part of the rate of large products.
                if sum(one.step_flops for one in case.operations) < 0.3 * longest_s * speed.flop_per_s:
                    self._step(case)
                    return

        return task

    def _step(self, case: StepCase) -> None:
        seen = repeat(
            self.meter,
            case.build(self.device),
            self.timer.asynchronous,
            family=case.family,
            source=case.source,
        )
        self.found.power.append(seen.power("steps"))
        self.found.steps.append(
            StepPoint(
                case.family,
                case.source,
                case.size,
                case.operations,
                seen.time_s,
                seen.energy_j,
                seen.calls,
            )
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
