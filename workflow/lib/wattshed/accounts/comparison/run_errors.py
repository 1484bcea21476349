"""Joins runs with their rows of the metrics."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from wattshed.accounts.comparison.comparable import SLICES
from wattshed.accounts.runs.basis import RECORDED
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Status

NEVER_NEGATIVE = ("mae", "rmse")


def join_metrics(runs: pd.DataFrame, metrics: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The runs of :func:`model_runs` with their errors, and ``metrics_row`` that says which row they came from.

    Rows are matched by ``run_id`` if both have it, else by model and those of seed, country and season that both
    state. A run without a seed takes its model's row if there is only one (closed-form fits). Metrics without a run
    are kept, with an unknown energy. Raises :class:`Fault` for unknown columns, ambiguous rows and
    impossible values.
    """
    _check_metrics(metrics, names)
    metrics = metrics.reset_index(drop=True)
    keys = _join_keys(runs, metrics)
    twice = metrics.duplicated(keys)
    if twice.any():
        values = ", ".join(f"{key} {metrics[key][twice].iloc[0]}" for key in keys)
        raise Fault(
            f"the metrics hold more than one row for {values}: expected one per run; drop the rows of other "
            "scopes or give a run_id."
        )
    index = pd.Series(metrics.index, index=_keys(metrics, keys))
    rows = pd.Series(index.reindex(_keys(runs, keys)).to_numpy(), index=runs.index, dtype="float64")
    if "seed" in keys:
        rest = [key for key in keys if key != "seed"]
        single = index.set_axis(_keys(metrics, rest))
        single = single[~single.index.duplicated(keep=False)]
        seedless = runs["seed"].isna() & rows.isna()
        rows[seedless] = single.reindex(_keys(runs[seedless], rest)).to_numpy()
    joined = runs.drop(columns=[name for name in names if name in runs]).assign(metrics_row=rows)
    joined = joined.merge(metrics[list(names)], left_on="metrics_row", right_index=True, how="left")
    alone = metrics[~metrics.index.isin(rows.dropna())]
    joined["has_run"] = True
    if len(alone):
        shared = [name for name in alone if name in joined]
        # Columns of one kind each, so that an unmatched model does not turn numbers into objects.
        alone = alone[shared].assign(
            metrics_row=alone.index.astype("float64"),
            basis=RECORDED,
            energy_status=Status.MISSING,
            has_run=False,
        )
        joined = pd.concat([joined, alone], ignore_index=True)
    return joined


def _check_metrics(metrics: pd.DataFrame, names: Sequence[str]) -> None:
    lacking = [name for name in names if name not in metrics]
    if lacking:
        raise Fault(
            f"the metrics lack the column {lacking[0]} (they have {', '.join(map(str, metrics))}): expected one "
            "row per run with its errors; add it or choose another metric."
        )
    if "model" not in metrics and "run_id" not in metrics:
        raise Fault("the metrics name neither model nor run_id: expected one of them to join on; add it.")
    for name in names:
        values = metrics[name].astype("float64")
        wrong = np.isinf(values) | ((values < 0) if name in NEVER_NEGATIVE else False)
        if wrong.any():
            raise Fault(
                f"the metrics hold {name} = {values[wrong].iloc[0]} in row {int(np.flatnonzero(wrong)[0]) + 1}: "
                "expected finite errors of at least 0, null where unknown; correct the row."
            )


def _join_keys(runs: pd.DataFrame, metrics: pd.DataFrame) -> list[str]:
    named = "run_id" in runs and "run_id" in metrics and bool(metrics["run_id"].notna().all())
    # Ids that no run has cannot be used for the join.
    if named and ("model" not in metrics or metrics["run_id"].isin(runs["run_id"]).any()):
        return ["run_id"]
    if "model" not in metrics:
        raise Fault(
            "the metrics name no model and not every row a run_id that the runs know: expected one of them to "
            "join on; add it."
        )
    both = [name for name in ("seed", *SLICES) if name in runs and name in metrics]
    return ["model", *(name for name in both if metrics[name].notna().any())]


def _keys(frame: pd.DataFrame, names: Sequence[str]) -> pd.Index:
    """One hashable key per row; nulls equal one another, 1 equals 1.0 and "1"."""
    columns = [[_plain(value) for value in frame[name]] for name in names]
    return pd.Index(list(zip(*columns, strict=True)), tupleize_cols=False)


def _plain(value: Any) -> str:
    if pd.isna(value):
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
