"""Every claim of every document with its measurements and verdicts, as one frame."""

from collections.abc import Iterable
from typing import Any

import pandas as pd

from wattshed.accounts.claims.claim import Claim, Finding, Source, Verdict
from wattshed.accounts.claims.results import Results
from wattshed.foundation import plugins
from wattshed.foundation.extending.checks import made_by
from wattshed.statistics.summaries import over_seeds

COLUMNS = {
    "source": "string",
    "document": "string",
    "place": "string",
    "claim": "string",
    "topic": "string",
    "says": "string",
    "claimed": "string",
    "unit": "string",
    "bound_low": "float64",
    "bound_high": "float64",
    "of": "string",
    "mean": "float64",
    "low": "float64",
    "high": "float64",
    "n": "Int64",
    "verdict": "string",
    "reason": "string",
    "where": "string",
}

OF_READINGS = "this study forecasts classes, and the claim is about forecasts of readings"


def claims_frame(names: Iterable[str], results: Results) -> pd.DataFrame:
    """One row per claim and measurement, or one row with the ``reason`` why a claim was not measured.

    names: of documents, in the order of the rows. Columns: ``source`` (the document's plug-in), ``document, place,
    claim, topic, says, claimed, unit, bound_low, bound_high`` (with which values it holds); ``of`` (what was measured),
    ``mean, low, high`` (in ``unit``), ``n, verdict, reason, where``.
    """
    rows = []
    for name in names:
        source = made_by("claims", name, plugins.load("claims", name), Source)
        for claim in source.claims:
            about = {"source": name, "document": source.document, **_about(claim)}
            rows += [about | found for found in _found(claim, source, results)]
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _about(claim: Claim) -> dict[str, Any]:
    return {
        "place": claim.place,
        "claim": claim.claim,
        "topic": str(claim.topic),
        "says": claim.says,
        "claimed": claim.claimed,
        "unit": claim.unit,
        "bound_low": claim.bounds.low,
        "bound_high": claim.bounds.high,
    }


def _found(claim: Claim, source: Source, results: Results) -> list[dict[str, Any]]:
    measured = OF_READINGS if source.of_readings and results.of_classes else claim.measure(results)
    if isinstance(measured, str) or not measured:
        return [{"verdict": str(Verdict.NOT_MEASURED), "reason": str(measured or "no measurement")}]
    return [_row(claim, finding) for finding in measured]


def _row(claim: Claim, finding: Finding) -> dict[str, Any]:
    measured = finding.measured if finding.exact else over_seeds(finding.measured)
    return {
        "of": finding.of,
        "mean": measured.mean,
        "low": measured.low,
        "high": measured.high,
        "n": measured.n,
        "verdict": str(claim.bounds.verdict(measured)),
        "where": finding.where,
    }
