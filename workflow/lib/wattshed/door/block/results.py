"""What a metered block tells of itself: numbers, one line, a table for notebooks."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.door.block.recorders import Recorder
from wattshed.door.block.totals import BlockTotals, joules, short
from wattshed.foundation.vocabulary import Outcome, Status

if TYPE_CHECKING:
    from wattshed.energy.reading import Component


class BlockResults:
    """What is known of a block so far.

    Its numbers are None while it runs, where they are unknown, and in a process that does not meter: there
    ``metered_by`` says who does. Everything can be read in each of these cases.
    """

    def __init__(
        self,
        name: str,
        labels: dict[str, Any],
        recorder: Recorder,
        *,
        country_iso: str | None,
        region: str | None,
        metered_by: str | None,
    ) -> None:
        self.name = name
        self.labels = labels
        self.metered_by = metered_by
        self.missing: str | None = None
        self.outcome: Outcome | None = None
        self.running = False
        self._recorder = recorder
        self._place = country_iso, region
        self._totals: BlockTotals | None = None
        self._lasted_s: float | None = None

    @property
    def ledger(self) -> Path | None:
        """The file that holds the block's energy; None if this process does not meter."""
        return self._recorder.ledger

    @property
    def energy_j(self) -> float | None:
        """The block's own energy [J]; see docs/methods.md."""
        return None if self._totals is None else joules(self._totals.own)

    @property
    def machine_j(self) -> float | None:
        """Energy of the whole machine during the block [J], idle power and other programs included."""
        return None if self._totals is None else joules(self._totals.machine)

    @property
    def net_j(self) -> float | None:
        """Energy of the whole machine above idle [J]; None if no idle power is known."""
        return None if self._totals is None else joules(self._totals.net)

    @property
    def alone(self) -> bool | None:
        """Whether other programs took at most a tenth of the busy time; None if that is not known."""
        return None if self._totals is None else self._totals.alone

    @property
    def own_cpu_s(self) -> float | None:
        """Processor time of this process and its children during the block [s]."""
        return None if self._totals is None else self._totals.own_cpu_s

    @property
    def status(self) -> Status:
        """How the energy is known: measured, estimated or missing."""
        return Status.MISSING if self._totals is None else self._totals.own.status

    @property
    def components(self) -> dict[str, Component]:
        """Energy, status and source of ``cpu``, ``ram`` and each GPU."""
        return {} if self._totals is None else dict(self._totals.own.components)

    @property
    def duration_s(self) -> float | None:
        """Time that the block took [s]; known in every process that ran it."""
        return self._lasted_s if self._totals is None else self._totals.duration_s

    @property
    def co2e_kg(self) -> float | None:
        """Mass for ``energy_j`` [kg CO2e]; None if the place or the energy is unknown."""
        from wattshed.energy.carbon.carbon import Location, yearly_intensity

        return (
            None
            if self._totals is None
            else yearly_intensity(Location(*self._place)).co2e_kg(self._totals.own.kwh)
        )

    @property
    def not_metered(self) -> list[str]:
        """Parts of the machine without an energy: ``energy_j`` is then a lower bound; empty if none is missing."""
        from wattshed.energy.lower_bounds import not_metered

        return [] if self._totals is None else not_metered(self._totals.own.to_json())

    def summary(self) -> str:
        """One line: what the block cost, how that is known, and where it is recorded."""
        if self.running:
            return f"{self.name}: running" + ("" if self.ledger is None else f"; ledger {self.ledger}")
        time_text = short(self.duration_s, "s")
        if self._totals is None:
            why = f"metered by {self.metered_by}" if self.metered_by else self.missing or "not started"
            return f"{self.name}: {time_text}; {why}"
        beside = ", not alone" if self.alone is False else ""
        lacks = self.not_metered
        least = "at least " if lacks else ""
        without = f" without {', '.join(lacks)}" if lacks else ""
        mass = "" if self.co2e_kg is None else f", {short(self.co2e_kg * 1000, 'g CO2e')}"
        ended = "" if self.outcome is Outcome.FINISHED else f", {self.outcome}"
        return (
            f"{self.name}: {least}{short(self.energy_j, 'J')} of its own ({self.status}{without}) in {time_text}"
            f"{mass}, "
            f"{least}{short(self.machine_j, 'J')} of the machine{beside}{ended}; ledger {_shown(self.ledger)}"
        )

    def to_json(self) -> dict[str, Any]:
        return dict(self._rows())

    def __repr__(self) -> str:
        return f"<metered {self.summary()}>"

    def _repr_html_(self) -> str:
        """For notebooks."""
        from html import escape

        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(name)}</th><td>{escape(_cell(value))}</td></tr>"
            for name, value in self._rows()
            if value is not None and value != {} and value != []
        )
        return f"<table>{rows}</table>"

    def _rows(self) -> list[tuple[str, Any]]:
        return [
            ("name", self.name),
            ("energy_j", self.energy_j),
            ("status", str(self.status)),
            ("not_metered", self.not_metered),
            ("machine_j", self.machine_j),
            ("net_j", self.net_j),
            ("alone", self.alone),
            ("duration_s", self.duration_s),
            ("own_cpu_s", self.own_cpu_s),
            ("co2e_kg", self.co2e_kg),
            ("outcome", "running" if self.running else None if self.outcome is None else str(self.outcome)),
            ("labels", self.labels),
            ("ledger", None if self.ledger is None else str(self.ledger)),
            ("metered_by", self.metered_by),
            ("missing", self.missing),
        ]


def _shown(path: Path | None) -> str:
    """A path below the working directory without it."""
    with suppress(OSError, ValueError, TypeError):
        return str(Path(str(path)).relative_to(Path.cwd()))
    return str(path)


def _cell(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return f"{value:.4g}" if isinstance(value, float) else str(value)
