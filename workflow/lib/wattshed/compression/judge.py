"""Whether a variant is worth it on the machine where it was measured."""

from typing import Any

import pandas as pd

from wattshed.foundation.faults import Fault

BASELINE = "baseline"
WORTH_IT = "worth it here"
NOT_WORTH_IT = "not worth it here"
NOT_AVAILABLE = "not available here"
LEAST_SAVING_SHARE = 0.05
# Errors that are judged: column -> where it was measured.
TEST_ERRORS = {"rmse": "the test part", "mae": "the test part"}
LATER_ERRORS = {"later_rmse": "later months", "later_mae": "later months"}
TYPES = {
    **dict.fromkeys([f"{error}_change_share" for error in (*TEST_ERRORS, *LATER_ERRORS)], "float64"),
    "within_budget": "boolean",
    "judged_later": "boolean",
    "budget_share": "float64",
    "saving_share": "float64",
    "saving_of": "string",
    "back_ends": "string",
}

Row = dict[str, Any]


def judge_variants(rows: pd.DataFrame, budget_share: float) -> pd.DataFrame:
    """Every variant held against the checkpoint of the same seed that was compressed.

    rows: ``compared/{model}.parquet``, of one model or several; budget_share: largest accepted rise of RMSE and MAE.
    Returns, for each compressed lineage, its baseline rows and then its variants, with what each verdict rests on:
    the changes of errors, ``judged_later`` (later months count too), ``budget_share``, ``saving_share`` of the energy
    or time (``saving_of``) of a forecast, and ``back_ends`` where the two differ. Column ``parent`` names the
    checkpoint that was compressed, in the baseline rows too; ``variant`` is the step's name, in baseline rows the
    lineage. A lineage can come twice: as a variant, and as the baseline of what was made of it.
    Raises :class:`Fault` where a compressed checkpoint is compared without the one that it was made of.
    """
    names = [str(column) for column in rows.columns]
    records: list[Row] = [dict(zip(names, row, strict=True)) for row in rows.itertuples(index=False)]
    by_key = {(row["lineage"], row["seed"]): row for row in records}
    adapted = {row["lineage"] for row in records if row["kind"] == "strategy"}
    variants = [row for row in records if row["kind"] == "method"]
    judged: list[Row] = []
    for parent in dict.fromkeys(row["parent"] for row in variants):
        own = [row for row in variants if row["parent"] == parent]
        absent = [row["seed"] for row in own if (parent, row["seed"]) not in by_key]
        if absent:
            raise Fault(
                f"the compared checkpoints have variants of {parent}, but not {parent} itself for the seed "
                f"{absent[0]}: compare it together with them."
            )
        for seed in dict.fromkeys(row["seed"] for row in own):
            judged.append(_baseline_row(by_key[parent, seed]))
        learned_later = any(f"{parent}+".startswith(f"{lineage}+") for lineage in adapted)
        for row in own:
            found = _judge(row, by_key[parent, row["seed"]], budget_share, learned_later)
            judged.append({**row, "variant": row["step"], **found})
    columns = [*names, "variant", *TYPES, "verdict", "reason"]
    frame = pd.DataFrame(judged, columns=columns)
    return frame.astype({**_types_of(rows), **TYPES})


def verdict(row: Row, parent: Row, budget_share: float, *, learned_later: bool = False) -> Row:
    """Changes of errors against the parent, and whether the variant pays on this machine.

    The error budget holds on the test part, and also on later months if the parent has learned from some
    (``learned_later``). The saving is one of energy, or of time where the energy of either is unknown.
    """
    judged = {**TEST_ERRORS, **(LATER_ERRORS if learned_later else {})}
    changes = {error: _change(row, parent, error) for error in (*TEST_ERRORS, *LATER_ERRORS)}
    known = {error: change for error in judged if (change := changes[error]) is not None}
    worst = max(known, key=lambda error: known[error], default=None)
    within = worst is not None and known[worst] <= budget_share
    cost, what = _cost_of(row, parent)
    saving = 1 - row[cost] / parent[cost]
    back_ends = _back_ends(row, parent)
    saved = saving_text(saving, what, back_ends)
    if worst is None:
        reason = "no cell was observed, so its error is unknown"
    elif not within:
        reason = f"{rise_text(worst, known[worst])}, more than the budget of {budget_share:.0%}"
    elif saving < LEAST_SAVING_SHARE:
        reason = f"{saved}, but at least {LEAST_SAVING_SHARE:.0%} less is required"
    else:
        reason = saved
    return {
        **{f"{error}_change_share": change for error, change in changes.items()},
        "within_budget": within,
        "judged_later": learned_later,
        "budget_share": budget_share,
        "saving_share": saving,
        "saving_of": what,
        "back_ends": back_ends,
        "verdict": WORTH_IT if within and saving >= LEAST_SAVING_SHARE else NOT_WORTH_IT,
        "reason": reason,
    }


def rise_text(error: str, rise: float) -> str:
    """``RMSE rises by 11.0% on the test part``."""
    return (
        f"{error.removeprefix('later_').upper()} rises by {rise:.1%} on {(TEST_ERRORS | LATER_ERRORS)[error]}"
    )


def saving_text(saving: float, what: str, back_ends: str) -> str:
    """``34% less energy per forecast (computed by torch, the other by fused_cpu)``."""
    return f"{abs(saving):.0%} {'less' if saving > 0 else 'more'} {what} per forecast{back_ends}"


def _judge(row: Row, parent: Row, budget_share: float, learned_later: bool) -> Row:
    if pd.isna(row["unavailable"]):
        return verdict(row, parent, budget_share, learned_later=learned_later)
    return {**dict.fromkeys(TYPES), "verdict": NOT_AVAILABLE, "reason": row["unavailable"]}


def _baseline_row(row: Row) -> Row:
    changes: Row = dict.fromkeys(TYPES) | {"within_budget": True}
    changes |= {f"{error}_change_share": 0.0 for error in (*TEST_ERRORS, *LATER_ERRORS)}
    if pd.isna(row["later_rmse"]):
        changes.update(later_rmse_change_share=None, later_mae_change_share=None)
    known: Row = {"verdict": BASELINE, "reason": "the checkpoint that the variants are compared with"}
    if pd.notna(row["unavailable"]):
        changes = dict.fromkeys(TYPES)
        known = {"verdict": NOT_AVAILABLE, "reason": row["unavailable"]}
    return {**row, "parent": row["lineage"], "variant": row["lineage"], **changes, **known}


def _cost_of(row: Row, parent: Row) -> tuple[str, str]:
    """The column that the saving is taken from, and what it counts."""
    energy = "energy_j_per_1000_forecasts"
    if pd.notna(row[energy]) and pd.notna(parent[energy]) and parent[energy] > 0:
        return energy, "energy"
    return "latency_s_per_window", "time"


def _back_ends(row: Row, parent: Row) -> str:
    """Which back ends computed the two, where they differ."""
    if row["engine"] == parent["engine"]:
        return ""
    return f" (computed by {row['engine']}, the other by {parent['engine']})"


def _change(row: Row, parent: Row, error: str) -> float | None:
    """Relative rise of an error; None where it or the parent's is unknown, or the parent's is 0."""
    if pd.isna(row[error]) or pd.isna(parent[error]) or parent[error] == 0:
        return None
    return float(row[error] / parent[error] - 1)


def _types_of(rows: pd.DataFrame) -> dict[str, Any]:
    return {str(name): dtype for name, dtype in rows.dtypes.items()}
