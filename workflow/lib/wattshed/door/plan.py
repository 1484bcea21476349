"""What is asked of a metered block, and the job that follows from it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.door.block import running
from wattshed.door.block.job import Job
from wattshed.door.block.recorders import NoRecord, OwnLedger, Recorder, WindowOf
from wattshed.door.names import fit_labels, free_ledger, ledger_in
from wattshed.door.ranks import hidden_gpus, metering_rank
from wattshed.door.warning import warn_once
from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.vocabulary import GPUS_NOT_METERED

if TYPE_CHECKING:
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.host import Host


@dataclass(frozen=True)
class Plan:
    """What was asked for; see :func:`wattshed.door.metered.metered`."""

    ledger: Path | str | None
    folder: Path | str
    stage: str
    country: str | None
    region: str | None
    metering: MeteringBlock | None
    environ: Mapping[str, str] | None
    strict: bool
    quiet: bool
    labels: dict[str, Any] = field(default_factory=dict)

    def job(self, name: str, *, entered: bool) -> Job:
        """A job that has not begun. entered: by ``with`` or a call, so that blocks within it are its windows."""
        labels = fit_labels(self.labels)
        environ = os.environ if self.environ is None else self.environ
        decision = metering_rank(environ)
        hidden = hidden_gpus(environ, decision)
        if hidden is not None:
            labels[GPUS_NOT_METERED] = hidden
            warn_once(f"the block {name!r} is metered in part: {hidden}.")
        outer = running.around()
        if outer is not None and not (outer.entered or entered):
            outer = None
        host = self._host(name)
        job = Job(
            name,
            labels,
            self._recorder(
                name, {**decision.labels(), **labels}, outer, host, of_all_ranks=decision.of_several
            )
            if decision.meters
            else NoRecord(),
            country_iso=host.country_iso,
            region=host.region,
            metered_by=decision.metered_by,
            strict=self.strict,
            quiet=self.quiet,
        )
        job.outer, job.entered = outer, entered
        return job

    def _recorder(
        self, name: str, labels: dict[str, Any], outer: Job | None, host: Host, *, of_all_ranks: bool
    ) -> Recorder:
        if outer is not None and self.ledger is None:
            return WindowOf(outer.recorder, name, labels)
        folder = Path(self.folder)
        return OwnLedger(
            lambda: ledger_in(folder, name) if self.ledger is None else free_ledger(Path(self.ledger)),
            stage=self.stage,
            labels={"block": name, **labels},
            metering=self.metering,
            host=host,
            of_all_ranks=of_all_ranks,
        )

    def _host(self, name: str) -> Host:
        """The machine with the place that the caller gives, else with that of the environment."""
        from wattshed.energy.host import Host

        host = Host.from_environment()
        if self.country is None and self.region is None:
            return host
        try:
            return _placed(host, self.country, self.region)
        except Fault as fault:
            if self.strict:
                raise
            warn_once(f"the block {name!r} has no mass of CO2e: {one_line(fault)}.")
            return replace(host, country_iso=None, region=None)


def _placed(host: Host, country: str | None, region: str | None) -> Host:
    """Raises :class:`Fault` for a place without a factor."""
    from wattshed.config.energy.energy import EnergyBlock
    from wattshed.config.energy.places import UNKNOWN

    try:
        block = EnergyBlock(country_iso=country or host.country_iso or UNKNOWN, region=region)
    except ValueError as error:
        # pydantic's report holds one line per mistake; the sentence is the message of the first.
        first = error.errors()[0]["msg"] if hasattr(error, "errors") else str(error)
        raise Fault(f"country, region: {first.removeprefix('Value error, ')}.") from error
    country_iso = None if block.country_iso == UNKNOWN else block.country_iso
    return replace(host, country_iso=country_iso, region=block.region)
