"""Whether a variant is worth it on the machine where it was measured."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from wattshed.compression.rises import LATER_ERRORS, TEST_ERRORS, UNKNOWN, r2_excess, rise_of
from wattshed.compression.verdicts import verdicts_of
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import LINEAGE_JOINT, Part, Worth
from wattshed.statistics.decisions import Spread
from wattshed.statistics.intervals import Interval

BASELINE = "baseline"
WORTH_IT, UNDECIDED, NOT_WORTH_IT = Worth.WORTH_IT, Worth.UNDECIDED, Worth.NOT_WORTH_IT
NOT_AVAILABLE = "not available here"
NOTHING = Interval(None, None, None, 0)
ENERGY, TIME = "energy_j_per_1000_forecasts", "latency_s_per_window"
ALL_ERRORS = (*TEST_ERRORS, *LATER_ERRORS)
TYPES = {
    **dict.fromkeys(
        [f"{error}_change_{what}" for error in ALL_ERRORS for what in ("share", "low", "high")], "float64"
    ),
    "within_budget": "boolean",
    "judged_later": "boolean",
    "budget_share": "float64",
    "saving_share": "float64",
    "saving_of": "string",
    "back_ends": "string",
    "corrected_for": "Int64",
}

Row = dict[str, Any]


def judge_variants(
    rows: pd.DataFrame, days: pd.DataFrame, budget_share: float, r2_floor: float | None = None
) -> pd.DataFrame:
    """Every variant held against the checkpoint of the same seed that was compressed.

    rows: ``compared/{model}.parquet``, of one model or several; days: ``compared/{model}.days.parquet`` of the same;
    budget_share: largest accepted rise of RMSE and MAE; r2_floor: least accepted R2, where the errors are judged.
    Variants that only serve to judge a method (column ``control``) are tested among themselves: none would be used, so
    that they do not count in the correction of the others.
    Returns, for each compressed lineage, its baseline rows and then its variants. The verdict is over all seeds of a
    variant, so that its rows have the same; each row has what it rests on: its own changes of errors, the variant's
    95 % interval of each over seeds and blocks of days (``{error}_change_low, _high``), ``judged_later`` (later months
    count too), ``budget_share``, ``saving_share`` of the energy or time (``saving_of``) of a forecast, ``back_ends``
    where the two differ, and ``corrected_for``, how many variants are tested together. Column ``parent`` names the
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
        learned_later = any(
            f"{parent}{LINEAGE_JOINT}".startswith(f"{lineage}{LINEAGE_JOINT}") for lineage in adapted
        )
        by_variant: dict[str, list[Row]] = {}
        for row in own:
            row["variant"] = row["step"]
            by_variant.setdefault(row["step"], []).append(row)
        parents = {row["seed"]: by_key[parent, row["seed"]] for row in own}
        rises = {name: _rises(days, parent, name) for name in by_variant}
        floors = {
            name: _floors(rows, days, LINEAGE_JOINT.join((parent, name)), r2_floor, learned_later)
            for name in by_variant
        }
        _judge(by_variant, parents, rises, floors, budget_share, r2_floor, learned_later)
        judged += own
    columns = [*names, "variant", *TYPES, "verdict", "reason"]
    frame = pd.DataFrame(judged, columns=columns)
    return frame.astype({**_types_of(rows), **TYPES})


def changes_of(row: Row, parent: Row, budget_share: float, *, learned_later: bool = False) -> Row:
    """Changes of errors against the parent of the same seed, and the saving: what a verdict over seeds rests on.

    The error budget holds on the test part, and also on later months if the parent has learned from some
    (``learned_later``). The saving is one of energy, or of time where the energy of either is unknown.
    """
    judged = {**TEST_ERRORS, **(LATER_ERRORS if learned_later else {})}
    changes = {error: _change(row, parent, error) for error in ALL_ERRORS}
    known = [change for error in judged if (change := changes[error]) is not None]
    cost, what = _cost_of(row, parent)
    return {
        **{f"{error}_change_share": change for error, change in changes.items()},
        "within_budget": bool(known) and max(known) <= budget_share,
        "judged_later": learned_later,
        "budget_share": budget_share,
        "saving_share": 1 - row[cost] / parent[cost],
        "saving_of": what,
        "back_ends": _back_ends(row, parent),
    }


def _rises(days: pd.DataFrame, parent: str, variant: str) -> dict[str, Spread]:
    """Logarithm of each error of a variant over its parent's, as far as both are known."""
    found = {
        error: rise_of(days, error, LINEAGE_JOINT.join((parent, variant)), parent) for error in ALL_ERRORS
    }
    return {error: spread for error, spread in found.items() if spread is not None}


def _floors(
    rows: pd.DataFrame, days: pd.DataFrame, lineage: str, r2_floor: float | None, later: bool
) -> dict[str, Spread]:
    """By part, by how much RMSE exceeds the one that the floor of R2 means; unknown where R2 is."""
    if r2_floor is None:
        return {}
    parts = (Part.TEST, *((Part.LATER,) if later else ()))
    return {str(part): r2_excess(days, rows, part, lineage, r2_floor) or UNKNOWN for part in parts}


def _judge(
    variants: dict[str, list[Row]],
    parents: Mapping[Any, Row],
    rises: Mapping[str, Mapping[str, Spread]],
    floors: Mapping[str, Mapping[str, Spread]],
    budget_share: float,
    r2_floor: float | None,
    later: bool,
) -> None:
    """Add to every variant's rows what was found; all rows of one variant have the same verdict."""
    judged, judged_rises, judged_floors = [], [], []
    for variant, rows in variants.items():
        if any(pd.notna(row["unavailable"]) for row in rows):
            for row in rows:
                why = next(one["unavailable"] for one in rows if pd.notna(one["unavailable"]))
                row.update(dict.fromkeys(TYPES), verdict=NOT_AVAILABLE, reason=why)
            continue
        pairs = [(row, parents[row["seed"]]) for row in rows]
        by_time = any(_cost_of(*pair)[1] == "time" for pair in pairs)
        for row, parent in pairs:
            row.update(changes_of(row, parent, budget_share, learned_later=later), **_ends(rises[variant]))
            if by_time:
                row.update(saving_of="time", saving_share=1 - row[TIME] / parent[TIME])
        judged.append(rows)
        names = (*TEST_ERRORS, *(LATER_ERRORS if later else ()))
        judged_rises.append({name: rises[variant][name] for name in names if name in rises[variant]})
        judged_floors.append(floors[variant])
    controls = [_is_control(rows) for rows in judged]
    for family in (False, True):
        places = [place for place, control in enumerate(controls) if control == family]
        verdicts = verdicts_of(
            [judged[place] for place in places],
            [judged_rises[place] for place in places],
            budget_share,
            [judged_floors[place] for place in places],
            r2_floor,
            what="controls" if family else "variants",
        )
        for place, (verdict, reason) in zip(places, verdicts, strict=True):
            for row in judged[place]:
                row.update(verdict=verdict, reason=reason, corrected_for=len(places))


def _is_control(rows: list[Row]) -> bool:
    return any(pd.notna(row.get("control")) and bool(row.get("control")) for row in rows)


def _ends(rises: Mapping[str, Spread]) -> Row:
    """The interval of each error's change; None where it is unknown."""
    changes = {error: rises[error].change() if error in rises else NOTHING for error in ALL_ERRORS}
    return {
        f"{error}_change_{end}": value
        for error, change in changes.items()
        for end, value in (("low", change.low), ("high", change.high))
    }


def _baseline_row(row: Row) -> Row:
    changes: Row = dict.fromkeys(TYPES) | {"within_budget": True}
    changes |= {f"{error}_change_share": 0.0 for error in ALL_ERRORS}
    if pd.isna(row["later_rmse"]):
        changes.update(later_rmse_change_share=None, later_mae_change_share=None)
    known: Row = {"verdict": BASELINE, "reason": "the checkpoint that the variants are compared with"}
    if pd.notna(row["unavailable"]):
        changes = dict.fromkeys(TYPES)
        known = {"verdict": NOT_AVAILABLE, "reason": row["unavailable"]}
    return {**row, "parent": row["lineage"], "variant": row["lineage"], **changes, **known}


def _cost_of(row: Row, parent: Row) -> tuple[str, str]:
    """The column that the saving is taken from, and what it counts."""
    if pd.notna(row[ENERGY]) and pd.notna(parent[ENERGY]) and parent[ENERGY] > 0:
        return ENERGY, "energy"
    return TIME, "time"


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
