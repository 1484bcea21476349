"""The engine of a sweep: it asks the search what to measure next, measures it, and keeps every point in the journal."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from wattshed.clocks.backends.protocol import ClockBackend, ClockReading, clock_given_back
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.limits import limits_for
from wattshed.clocks.runs import COLUMNS, SIMULATED, TYPES
from wattshed.clocks.sweeping.budget import Budget
from wattshed.clocks.sweeping.journal import Journal
from wattshed.clocks.sweeping.kept_rows import check_rows
from wattshed.clocks.sweeping.progress import Progress
from wattshed.clocks.sweeping.search import next_settings
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation.faults import Fault

# Column of a measured sweep beside those of every frame of runs: the start of the program that measured the row.
SESSION = "session"
# A window spans at least this many periods of the energy counter, so that its phase matters little.
COUNTER_PERIODS = 20


def run_sweep(
    backend: ClockBackend,
    workload: Callable[[], object],
    block: ClocksBlock,
    workload_name: str = "inference",
    *,
    journal: Journal | None = None,
    budget_s: float | None = None,
    progress: Progress | None = None,
    limits: Limits | None = None,
) -> pd.DataFrame:
    """Measure until the search or the budget ends it; one row per repeat: time_s, energy_j, power_w of one call of
    ``workload`` at setting.

    ``order`` counts the windows as they were measured; ``warm`` is False for the warm-up, which stays in the table but
    is not used for the choice; ``session`` counts the starts. The clock is always reset. A recorded sweep keeps its own
    rows and order. journal: of this sweep; its points count, and only what is missing is measured. budget_s: most time
    of all points; the last point ends within it. limits: what the search looks for the best setting under; None for
    those of the block.
    """
    recorded = backend.recorded_sweep()
    if recorded is not None:
        return recorded
    journal = journal or Journal(None, {})
    check_rows(journal)
    with clock_given_back(backend):
        reason = _Engine(backend, workload, block, workload_name, journal, budget_s, progress).run(
            limits or limits_for(block, workload_name)
        )
    journal.end(reason)
    return frame_of(journal.kept.rows)


def frame_of(rows: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Points as the frame of runs, with the column ``session``."""
    return pd.DataFrame(list(rows), columns=[*COLUMNS, SESSION]).astype(dict(TYPES))


def window_s(backend: ClockBackend, block: ClocksBlock) -> float:
    """The shortest window [s]: that of the configuration, or what the energy counter needs if that is longer."""
    period_s = getattr(backend, "counter_period_s", None)
    return max(block.min_point_s, COUNTER_PERIODS * float(period_s or 0.0))


class _Engine:
    def __init__(
        self,
        backend: ClockBackend,
        workload: Callable[[], object],
        block: ClocksBlock,
        workload_name: str,
        journal: Journal,
        budget_s: float | None,
        progress: Progress | None,
    ) -> None:
        self.backend, self.workload, self.block = backend, workload, block
        self.name, self.journal, self.progress = workload_name, journal, progress
        kept = journal.kept
        self.budget = Budget(budget_s, kept.spent_s, len(kept.rows))
        self.min_s = window_s(backend, block)
        self.is_simulated = backend.label == SIMULATED
        self.session = 0
        # Counted as they come: to count all rows for each one would take the square of their number.
        self.repeats = Counter((row["setting"], row["warm"]) for row in kept.rows)

    def run(self, limits: Limits) -> str:
        """Measure to the end; returns why it ended. A sweep that needs no further point begins no session."""
        kept = self.journal.kept
        self._check_legal(kept.left)
        while (reason := self._plan(limits)) is None:
            if not self.session:
                self._begin()
            # The very first points of a sweep warm it up.
            self._measure(kept.left[0], warm=len(kept.rows) >= self.block.warm_up_repeats)
        return reason

    def _plan(self, limits: Limits) -> str | None:
        """See that there is a setting to measure; why the sweep ends, else None."""
        kept = self.journal.kept
        if (reason := self.budget.over()) is not None:
            return reason
        if kept.left:
            return None
        asked = next_settings(frame_of(kept.rows), self.backend.settings(), self.block, limits)
        if asked.stop is not None or not asked.settings:
            return asked.stop or "the search asks for no further point"
        self.journal.plan([int(setting) for setting in asked.settings])
        return None

    def _check_legal(self, planned: Sequence[int]) -> None:
        """A driver, or another GPU of the same name, may have other settings than when the step was planned."""
        legal = self.backend.settings()
        if foreign := sorted(set(planned) - set(legal)):
            raise Fault(
                f"{self.journal.path} plans the setting {foreign[0]}, which {self.backend.gpu} does not have: expected "
                f"one of its {len(legal)} from {legal[0]} to {legal[-1]} {self.backend.knob.unit}, as when the sweep "
                "began; sweep into another output."
            )

    def _begin(self) -> None:
        """Begin a session. A GPU may have changed since the last one, so that its maximum is measured again, after a
        warm-up."""
        rows = self.journal.kept.rows
        if self.is_simulated:
            # Its windows do not run the workload; this call shows that it can be run.
            self.workload()
            self._catch_up(list(rows))
            self.session = self.journal.kept.sessions or self.journal.begin_session()
            return
        self.session = self.journal.begin_session()
        if rows:
            maximum = self.backend.settings()[-1]
            for place in range(self.block.warm_up_repeats + 1):
                self._measure(maximum, warm=place == self.block.warm_up_repeats, planned=False)
            if self.progress is not None:
                self.progress.began(self.journal.kept.rows, self.session)

    def _measure(self, setting: int, *, warm: bool, planned: bool = True) -> None:
        began_s = self.budget.clock()
        try:
            self.backend.lock(setting)
            if not self.is_simulated:
                # The first call at another clock is outside of the window.
                self.workload()
            reading = self.backend.measure(self.workload, self.min_s)
        except Fault as fault:
            # A workload may fail at some settings only.
            raise Fault(
                f"{str(fault).rstrip('.')}; this was at {setting} {self.backend.knob.unit}."
            ) from fault
        values = self._row(setting, reading, warm=warm)
        least_s = max(self.min_s, reading.time_s) if self.is_simulated else 0.0
        self.journal.keep(values, self.budget.timed(began_s, least_s), planned=planned)
        if self.progress is not None:
            self.progress.point(self.journal.kept.rows, len(self.journal.kept.left), self.budget)

    def _row(self, setting: int, reading: ClockReading, *, warm: bool) -> dict[str, Any]:
        self.repeats[setting, warm] += 1
        return {
            "backend": self.backend.name,
            "label": self.backend.label,
            "gpu": self.backend.gpu,
            "gpu_uuid": self.backend.gpu_uuid,
            "workload": self.name,
            "knob": self.backend.knob.name,
            "setting": int(setting),
            "applied": None if reading.applied is None else int(reading.applied),
            "repeat": self.repeats[setting, warm],
            "order": len(self.journal.kept.rows) + 1,
            "warm": warm,
            "time_s": float(reading.time_s),
            "energy_j": float(reading.energy_j),
            "power_w": float(reading.energy_j / reading.time_s),
            "energy_by": reading.energy_by,
            "throttled": bool(reading.throttled),
            "temperature_c": None if reading.temperature_c is None else float(reading.temperature_c),
            SESSION: self.session,
        }

    def _catch_up(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Bring a simulated GPU, whose state is in memory, to where its last session ended: it then goes on as if it
        had not been interrupted."""
        for row in rows:
            self.backend.lock(int(row["setting"]))
            self.backend.measure(_nothing, self.min_s)


def _nothing() -> None:
    pass
