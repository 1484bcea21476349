"""The reproduction table: every published number against what its formula or its data give."""

from pathlib import Path
from typing import Literal

from wattshed.law.published.reproducing.data_rows import data_rows
from wattshed.law.published.reproducing.evidence import Evidence
from wattshed.law.published.reproducing.paper_rows import paper_rows
from wattshed.law.published.reproducing.readme_rows import readme_rows
from wattshed.law.published.reproducing.row import PAPER, README, Row
from wattshed.law.published.reproducing.verdicts import Verdict

Source = Literal["readme", "paper", "all"]
SOURCES: tuple[Source, ...] = ("readme", "paper", "all")


def reproduction_rows(source: Source = "all", *, honest: bool = False, data: Path | None = None) -> list[Row]:
    """Rows in the order of the documents.

    honest: with measures of fit on all points; data: folder of the source's CSV files, without which what they say is
    cited. Raises :class:`Fault` for a folder or file that cannot be used.
    """
    rows = []
    if source in (README, "all"):
        rows += readme_rows()
    if source in (PAPER, "all"):
        if data is None:
            evidence = Evidence()
        else:
            from wattshed.law.published.reproducing.recorded_evidence import recorded_evidence

            evidence = recorded_evidence(data)
        rows += [*paper_rows(), *data_rows(evidence, honest=honest)]
    return rows


def counts(rows: list[Row]) -> dict[Verdict, int]:
    """How many rows have each verdict, in the order of the verdicts; those without rows left out."""
    found = {verdict: sum(row.verdict == verdict for row in rows) for verdict in Verdict}
    return {verdict: count for verdict, count in found.items() if count}
