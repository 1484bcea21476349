"""The numbers of the report as one dictionary, so that anybody can hold them against the raw outputs."""

from typing import Any

import numpy as np
import pandas as pd

from wattshed.accounts.runs.stages import stages_frame
from wattshed.publish.report.results import StudyResults
from wattshed.publish.tables.accuracy import accuracy_summary
from wattshed.publish.tables.adaptation import adaptation_summary
from wattshed.publish.tables.clocks import clocks_summary
from wattshed.publish.tables.compression import compression_summary
from wattshed.publish.tables.nodes import node_quantiles


def report_numbers(results: StudyResults) -> dict[str, Any]:
    """Means with intervals and n by section; energies in kWh or J and masses in kg as their names say.

    Shares are fractions, unknown values are None.
    """
    quality, panel = results.quality, results.panel
    return {
        "data": {
            "nodes": len(panel.node_names),
            "hours": len(panel.times),
            "observed_share": float(panel.observed.mean()),
            "imputed_share": float(quality["imputed_share"].mean()),
            "gap_count": int(quality["gap_count"].sum()),
            "longest_gap_h": int(quality["longest_gap_h"].max()),
            "spike_count": int(quality["spike_count"].sum()),
            "degree_min": int(results.degrees.min()),
            "degree_median": float(np.median(results.degrees)),
            "degree_max": int(results.degrees.max()),
        },
        "accuracy": _by(accuracy_summary(results.scores), "model"),
        "nodes": _by(node_quantiles(results.scores), "model"),
        "frontier": _by(results.frontier, "model"),
        "ladder": {} if results.ladder is None else _by(results.ladder, "model"),
        "energy": _by(stages_frame(results.runs), "stage"),
        "adaptation": _by(adaptation_summary(results.adaptation), "strategy"),
        "compression": _by(compression_summary(results.compression), "variant"),
        "clocks": {
            "choice": results.choice,
            "sweep": _by(clocks_summary(results.sweep), "clock_mhz"),
        },
    }


def _by(frame: pd.DataFrame, key: str) -> dict[str, dict[str, Any]]:
    return {
        str(row[key]): {str(name): _plain(value) for name, value in row.items() if name != key}
        for row in frame.to_dict("records")
    }


def _plain(value: Any) -> Any:
    """A JSON value: numpy's numbers as Python's, every kind of null as None."""
    if pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value
