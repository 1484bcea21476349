"""What a measurement writes beside its ledger, on request: CodeCarbon's layout and a Prometheus text file."""

from collections.abc import Iterable
from pathlib import Path

from wattshed.accounts.emissions.emissions import add_own_emissions
from wattshed.accounts.export.codecarbon import write_codecarbon
from wattshed.accounts.export.prometheus import write_prometheus
from wattshed.accounts.runs.runs import runs_frame
from wattshed.config.energy.carbon import CarbonBlock


def export_ledgers(
    ledgers: Iterable[Path | str],
    *,
    codecarbon: Path | None = None,
    prometheus: Path | None = None,
    carbon: CarbonBlock | None = None,
) -> list[Path]:
    """Write what is asked for of these ledgers, and return the files.

    codecarbon: folder of the layout ``<model>/<country>/<season>/<run>_emissions.csv``; prometheus: file ``*.prom``.
    The place of each run is the one that its ledger states; carbon: PUE, with the yearly factor. Raises
    :class:`Fault` for a ledger that cannot be read and for what cannot be written.
    """
    block = CarbonBlock() if carbon is None else carbon
    runs = add_own_emissions(runs_frame(ledgers), block)
    written = []
    if codecarbon is not None:
        written += write_codecarbon(runs, codecarbon, pue=block.pue)
    if prometheus is not None:
        write_prometheus(runs, prometheus)
        written.append(prometheus)
    return written
