"""The numbers of the report as one dictionary, so that they can be compared with the raw outputs."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from wattshed.accounts.comparison.accuracy_means import accuracy_means, node_quantiles
from wattshed.accounts.comparison.clock_means import clock_means
from wattshed.accounts.comparison.strategy_means import strategy_means
from wattshed.accounts.comparison.variant_means import variant_means
from wattshed.accounts.predicted.compared import errors_by_model
from wattshed.accounts.runs.stages import stages_frame
from wattshed.publish.parts.decided import decisions_of
from wattshed.publish.parts.degrees import degrees_of
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.standing import standings_of
from wattshed.publish.parts.swept import swept_cells


def report_numbers(inputs: Inputs, times: pd.DataFrame | None = None) -> dict[str, Any]:
    """Means with intervals and n by section; energies in kWh or J and masses in kg as their names say.

    times: wall times by part, which the page also shows. Shares are fractions, unknown values are None. A section is
    empty if the study has no such result.
    """
    scores = inputs.frame("scores")
    return {
        "data": _data(inputs),
        "decision": _decision(inputs),
        "standings": _by(standings_of(inputs), "model"),
        "time": {} if times is None else _by(times, "part"),
        "accuracy": _by(accuracy_means(scores), "model"),
        "nodes": _by(node_quantiles(scores), "model"),
        "frontier": _by(inputs.frame("frontier"), "model"),
        "ladder": _by(inputs.frame("ladder"), "model") if "ladder" in inputs else {},
        "chains": _chains(inputs),
        "energy": _by(stages_frame(inputs.frame("runs")), "stage"),
        "predictions": _predictions(inputs),
        "adaptation": _by(strategy_means(inputs.frame("adaptation")), "strategy")
        if "adaptation" in inputs
        else {},
        "compression": _by(variant_means(inputs.frame("compression")), "variant")
        if "compression" in inputs
        else {},
        "clocks": _clocks(inputs),
        "clock_checks": _clock_checks(inputs),
        "clock_governor": inputs.json("governor")["summary"] if "governor" in inputs else [],
        "clock_predictions": _rows(inputs.frame("prediction_standings"))
        if "prediction_standings" in inputs
        else [],
    }


def _decision(inputs: Inputs) -> dict[str, Any]:
    """What the study chose, and from how many days."""
    found = decisions_of(inputs)
    return {
        "best": found.best,
        "alike": list(found.alike),
        "use": found.use,
        "days": found.days,
        "blocks": found.blocks,
    }


def _data(inputs: Inputs) -> dict[str, Any]:
    panel, quality = inputs.panel, inputs.frame("quality")
    degrees, _ = degrees_of(inputs)
    return {
        "nodes": len(panel.node_names),
        "hours": _whole(len(panel.times) / panel.steps_per_hour),
        "steps": len(panel.times),
        "observed_share": float(panel.observed.mean()),
        "imputed_share": float(quality["imputed_share"].mean()),
        "gap_count": int(quality["gap_count"].sum()),
        "longest_gap_h": _whole(quality["longest_gap_h"].max()),
        "spike_count": int(quality["spike_count"].sum()),
        "degree_min": int(degrees.min()),
        "degree_median": float(np.median(degrees)),
        "degree_max": int(degrees.max()),
    }


def _whole(value: float) -> float:
    """A whole number where it is one."""
    return int(value) if value == int(value) else float(value)


def _chains(inputs: Inputs) -> dict[str, Any]:
    """Steps by their lineage, chain by chain."""
    if "chains" not in inputs:
        return {}
    frame = inputs.frame("chains")
    return {
        str(chain): _by(steps.drop(columns="chain"), "lineage")
        for chain, steps in frame.groupby("chain", sort=False)
    }


def _predictions(inputs: Inputs) -> dict[str, Any]:
    """Means over seeds by model and quantity; energies in J."""
    if "compared_predictions" not in inputs:
        return {}
    frame = errors_by_model(inputs.frame("compared_predictions"))
    return {
        str(model): _by(rows.drop(columns="model"), "quantity")
        for model, rows in frame.groupby("model", sort=False)
    }


def _clocks(inputs: Inputs) -> dict[str, Any]:
    """The sweep (raw means) and its choice (fitted values); several cells by their names."""
    if "sweep" not in inputs:
        return {}
    sweeps = {
        cell.name: {"choice": cell.choice, "sweep": _by(clock_means(cell.rows), "setting")}
        for cell in swept_cells(inputs)
    }
    return next(iter(sweeps.values())) if len(sweeps) == 1 else sweeps


def _clock_checks(inputs: Inputs) -> list[dict[str, Any]]:
    """What the validator found itself, choice by choice, without the texts of its checks."""
    if "validation" not in inputs:
        return []
    return [
        {name: value for name, value in validation.items() if name != "checks"}
        for validation in inputs.json("validation")["validations"]
    ]


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(name): _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def _by(frame: pd.DataFrame, key: str) -> dict[str, dict[str, Any]]:
    """Rows by their key; by parent and key if the frame has rows of several parents."""
    return {
        _name(row, key): {str(name): _plain(value) for name, value in row.items() if name != key}
        for row in frame.to_dict("records")
    }


def _name(row: Mapping[Any, Any], key: str) -> str:
    """``stgnn+replay`` where rows have parents; a parent's own row has its name alone."""
    name = str(row[key])
    return name if row.get("parent", name) == name else f"{row['parent']}+{name}"


def _plain(value: Any) -> Any:
    """A JSON value: numpy's numbers as Python's, unknown and infinite ones as None."""
    if pd.isna(value) or (isinstance(value, float) and not np.isfinite(value)):
        return None
    return value.item() if isinstance(value, np.generic) else value
