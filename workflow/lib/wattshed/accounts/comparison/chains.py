"""What every step of a chain cost, what it changed, and after how many forecasts it has paid for itself."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from wattshed.accounts.runs.trainings import work_windows
from wattshed.compression.rises import rise_of
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Window
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval

# Windows that make a checkpoint out of its parent.
MAKING_WINDOWS = (Window.UPDATE, Window.MAKE, Window.FINE_TUNE)
ERRORS = ("rmse", "later_rmse")
# After so many forecasts a step has paid for itself that saves nothing.
NEVER = math.inf


@dataclass(frozen=True)
class Chain:
    """A chain of the study: name, lineages from the base model to the last step, and whether a clock sweep ends it."""

    name: str
    lineages: tuple[str, ...]
    swept: bool = False


def read_chains(text: str) -> list[Chain]:
    """The chains of ``[{"name": ..., "lineages": [...], "swept": ...}, ...]``, as the Snakefile hands them over."""
    return [Chain(one["name"], tuple(one["lineages"]), one["swept"]) for one in json.loads(text)]


def making_energy(windows: pd.DataFrame) -> pd.Series:
    """Joules that made each checkpoint out of its parent, by ``(lineage, seed)``.

    windows: of the accounts. A base model's energy is that of its training: all epochs and its closed-form fit, killed
    attempts included. A step's is that of its updates, of making and of fine-tuning. NaN from one window of unknown
    energy on.
    """
    trained = work_windows(windows).assign(lineage=lambda frame: frame["model"])
    parts = pd.concat([trained, work_windows(windows, MAKING_WINDOWS)], ignore_index=True)
    joules = parts["work_kwh"] * JOULES_PER_KWH
    keys = [parts["lineage"], parts["seed"].astype("Int64").fillna(0).astype("int64")]
    return joules.groupby(keys, sort=False).agg(lambda energies: energies.sum(skipna=False))


def chains_frame(
    chains: Sequence[Chain], compared: pd.DataFrame, days: pd.DataFrame, windows: pd.DataFrame
) -> pd.DataFrame:
    """One row per chain and place in it, the base model first (place 0).

    compared: rows of ``compared/*.parquet``; days: of ``compared/*.days.parquet``; windows: of the accounts. Columns:
    ``chain, place, lineage, step, kind, n`` (seeds), ``energy_status`` (of the forecasts), ``unavailable`` (why the
    step cannot run here), and each with ``_mean, _low, _high``:

    ``rmse`` on the test part and ``later_rmse`` on the held-out parts of the later months, in the panel's unit;
    ``rmse_change_share`` and ``later_rmse_change_share`` against the base model, paired over seeds and blocks of days;
    ``own_j`` to make the checkpoint out of its parent; ``total_j`` along the chain, from the last checkpoint on that
    was trained from initial weights (``uses_parent`` of ``compared`` is false);
    ``j_per_1000`` for 1,000 forecasts of one node each;
    ``payback_forecasts``, after how many forecasts the step has paid for itself against the step before it, and
    ``chain_payback_forecasts``, after how many all steps so far have against the base model (see :func:`payback`),
    without the steps before one that was trained from initial weights.
    ``swept``: the clocks are swept on this checkpoint, the chain's last.

    Means are geometric with intervals of the logarithms; only changes of error can be negative. Raises :class:`Fault`
    for a lineage that was not compared.
    """
    joules = making_energy(windows)
    rows = [row for chain in chains for row in _chain_rows(chain, compared, days, joules)]
    return pd.DataFrame(rows).astype({"engine": "string", "unavailable": "string"})


def used_ancestors(lineages: Sequence[str], uses_parent: Sequence[bool]) -> list[str]:
    """Of a lineage and its ancestors, the base model first, those whose weights are in the last one.

    uses_parent: of each, whether it was made out of the weights of the one before; not those that were trained from
    initial weights.
    """
    fresh = [place for place, uses in enumerate(uses_parent) if not uses]
    return list(lineages[max(fresh, default=0) :])


def payback(own_j: pd.Series, saved_j_per_forecast: pd.Series) -> Interval:
    """After how many forecasts a step has paid for itself, over seeds: its energy over what each forecast saves.

    own_j, saved_j_per_forecast: [seeds]. Infinite where the mean forecast saves nothing. Where only some seeds save,
    the upper bound is infinite and the lower one is that of the seed that saves most. Unknown where an energy is.
    """
    if own_j.isna().any() or saved_j_per_forecast.isna().any() or own_j.empty:
        return Interval(None, None, None, 0)
    n = len(own_j)
    saved = saved_j_per_forecast.to_numpy(dtype="float64")
    own = own_j.to_numpy(dtype="float64")
    if saved.mean() <= 0:
        return Interval(NEVER, None if n == 1 else float(_fewest(own, saved)), None if n == 1 else NEVER, n)
    if (saved > 0).all():
        return geometric_interval(own / saved) if (own > 0).all() else Interval(0.0, 0.0, 0.0, n)
    return Interval(float(own.mean() / saved.mean()), float(_fewest(own, saved)), NEVER, n)


def _fewest(own: np.ndarray, saved: np.ndarray) -> float:
    saves = saved > 0
    return float((own[saves] / saved[saves]).min()) if saves.any() else NEVER


def _chain_rows(
    chain: Chain, compared: pd.DataFrame, days: pd.DataFrame, joules: pd.Series
) -> list[dict[str, Any]]:
    """Seeds are paired: every number of a step is held against the same seed's base model or parent."""
    by_lineage = {
        str(lineage): rows.set_index("seed").sort_index() for lineage, rows in compared.groupby("lineage")
    }
    lacking = [lineage for lineage in chain.lineages if lineage not in by_lineage]
    if lacking:
        raise Fault(
            f"the chain {chain.name!r} needs the lineage {lacking[0]!r}, which was not compared: expected its rows in "
            "compared/*.parquet; run the rule compare_checkpoints again."
        )
    base = by_lineage[chain.lineages[0]]
    steps = pd.Series(0.0, index=base.index)
    total = steps
    rows: list[dict[str, Any]] = []
    for place, lineage in enumerate(chain.lineages):
        now = by_lineage[lineage]
        own = _own_energy(lineage, now, joules)
        if _uses_parent(now):
            steps, total = steps + own, total + own
        else:
            # Trained from initial weights: nothing before it counts. The base model is not one of the steps.
            steps, total = own if place else steps, own
        row: dict[str, Any] = {
            "chain": chain.name,
            "place": place,
            "lineage": lineage,
            "step": now["step"].iloc[0] if place else lineage,
            "kind": now["kind"].iloc[0],
            "n": len(now),
            "energy_status": now["energy_status"].iloc[0],
            "engine": now["engine"].iloc[0],
            "unavailable": now["unavailable"].iloc[0],
            "swept": chain.swept and place == len(chain.lineages) - 1,
        }
        for error in ERRORS:
            row |= _columns(error, geometric_interval(now[error]))
            change = _change(days, error, lineage, chain.lineages[0]) if place else None
            row |= _columns(
                f"{error}_change_share", change or Interval(None if place else 0.0, None, None, len(now))
            )
        row |= _columns("own_j", _energy(own))
        row |= _columns("total_j", _energy(total))
        row |= _columns("j_per_1000", _energy(now["energy_j_per_1000_forecasts"]))
        nothing = Interval(None, None, None, 0)
        parent = by_lineage[chain.lineages[max(0, place - 1)]]
        row |= _columns("payback_forecasts", payback(own, _saved(now, parent)) if place else nothing)
        row |= _columns("chain_payback_forecasts", payback(steps, _saved(now, base)) if place else nothing)
        rows.append(row)
    return rows


def _uses_parent(rows: pd.DataFrame) -> bool:
    """The same for all seeds: a step has one block of settings."""
    return bool(rows["uses_parent"].astype("bool").all())


def _saved(now: pd.DataFrame, before: pd.DataFrame) -> pd.Series:
    """Joules that one forecast saves against those of another checkpoint, seed by seed."""
    return (before["energy_j_per_1000_forecasts"] - now["energy_j_per_1000_forecasts"]) / 1000


def _own_energy(lineage: str, rows: pd.DataFrame, joules: pd.Series) -> pd.Series:
    """Energy that made each seed's checkpoint; 0 for a step that did nothing, such as a strategy that never updates."""
    own = pd.Series([joules.get((lineage, seed), 0.0) for seed in rows.index], index=rows.index)
    return own.where(rows["unavailable"].isna())


def _energy(joules: pd.Series) -> Interval:
    """Geometric mean over all seeds, unknown where one seed's is; a step that did nothing cost exactly nothing."""
    if joules.isna().any():
        return Interval(None, None, None, 0)
    if len(joules) and (joules == 0).all():
        return Interval(0.0, 0.0, 0.0, len(joules))
    return geometric_interval(joules)


def _change(days: pd.DataFrame, error: str, lineage: str, base: str) -> Interval | None:
    """Relative change against the base model, over seeds and blocks of days; None where an error is unknown."""
    spread = rise_of(days, error, lineage, base)
    return None if spread is None else spread.change()


def _columns(name: str, found: Interval) -> dict[str, float]:
    values = {"mean": found.mean, "low": found.low, "high": found.high}
    return {f"{name}_{part}": np.nan if value is None else value for part, value in values.items()}
