"""Table: at what to run each GPU and workload, and what the limits cost."""

from collections.abc import Sequence
from typing import Any

from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import SweptCell, listed, swept_cells
from wattshed.publish.typesetting.table import (
    MISSING,
    SIMULATED,
    Cell,
    Column,
    Table,
    decimals,
    interval,
    spaced_percent,
)
from wattshed.publish.typesetting.table_part import TablePart

# Rules that keep the slowdown limit by themselves, and what they would pick without it.
FREE_RULE = {"least_energy": "energy", "lowest": "energy"}
STATUSES = ("use", "keep", "doubtful", "refused")
STATUS_NOTE = (
    "use: run at the lower setting; keep: the maximum, as no lower setting is shown to be worth it; doubtful: physics "
    "does not explain the numbers; refused: the sweep cannot be trusted, so no saving is stated."
)
PICK_NOTE = (
    "The best setting without limits, and that of a doubtful sweep, is not a recommendation. Saved and slower are "
    "relative to the warm maximum: positive is less energy, and slower. Brackets are bootstrap 95 % intervals; after a "
    "setting they hold the settings between which the rule falls when the runs are drawn again. Without limits, least "
    "energy and lowest are replaced by the least energy at any slowdown."
)


def clock_answers_table(cells: Sequence[SweptCell]) -> Table:
    """One row per cell, those with a lower setting first: what to run at, and the configured rule's pick within the
    limits and without them."""
    ordered = sorted(cells, key=lambda cell: STATUSES.index(cell.choice["status"]))
    rows = [_row(cell) for cell in ordered]
    columns = [
        Column("GPU, workload", width_cm=3.6),
        Column("Answer"),
        Column("Run at"),
        Column("Best within the limits"),
        Column("Saved", "%", numeric=True),
        Column("95 % interval", "%"),
        Column("Slower", "%", numeric=True),
        Column("95 % interval", "%"),
        Column("Best without limits"),
        Column("Saved", "%", numeric=True),
        Column("Slower", "%", numeric=True),
    ]
    reasons: dict[str, list[str]] = {}
    for cell in ordered:
        if cell.choice["status"] != "use":
            reasons.setdefault(spaced_percent(cell.choice["reason"]), []).append(cell.title)
    notes = [STATUS_NOTE, PICK_NOTE, *(f"{listed(names)}: {reason}." for reason, names in reasons.items())]
    used = sum(cell.choice["status"] == "use" for cell in cells)
    invented = sum(cell.choice["label"] == "simulated" for cell in cells)
    caption = (
        f"At what to run each GPU and workload: a lower setting for {used} of n = {len(cells)} sweeps, in bold"
        f"{f'; {invented} simulated' if invented else ''}. "
        f"{limits_words([cell.choice for cell in cells])}"
    )
    return Table("clock_answers", caption, columns, rows, notes)


def limits_words(choices: Sequence[dict[str, Any]]) -> str:
    """Rule and slowdown limit; their range where cells differ."""
    rules = ", ".join(dict.fromkeys(str(choice["rule"]).replace("_", " ") for choice in choices))
    limits = sorted({100 * choice["limits"]["max_slowdown_share"] for choice in choices})
    said = f"{limits[0]:g} %" if len(limits) == 1 else f"{limits[0]:g} to {limits[-1]:g} %"
    return f"Rule: {rules}; limit: {said} slower."


def _row(cell: SweptCell) -> list[Cell]:
    choice = cell.choice
    unit, mark = choice["unit"], SIMULATED if choice["label"] == "simulated" else ""
    used = choice["status"] == "use"
    free = pick_of(choice, constrained=False, rule=FREE_RULE.get(choice["rule"]))
    return [
        Cell(cell.title),
        Cell(choice["status"]),
        Cell(f"{choice['setting']}\u00a0{unit}", best=used),
        Cell(MISSING if choice["candidate"] is None else setting_words(choice, "candidate")),
        *_with_interval(choice, "saving", mark),
        *_with_interval(choice, "slowdown", mark),
        Cell(MISSING if free is None else setting_words(free)),
        *(_share(free, name, mark) for name in ("saving", "slowdown")),
    ]


def pick_of(choice: dict[str, Any], *, constrained: bool, rule: str | None = None) -> dict[str, Any] | None:
    """What a rule, else the configured one, picks; None where it finds nothing."""
    wanted = rule or choice["rule"]
    found = [pick for pick in choice["picks"] if (pick["rule"], pick["constrained"]) == (wanted, constrained)]
    return found[0] if found and found[0]["setting"] is not None else None


def setting_words(found: dict[str, Any], name: str = "setting") -> str:
    """``1065 [1020, 1110]``, on one line: a setting with the interval of the choice."""
    low, high = found[f"{name}_low"], found[f"{name}_high"]
    ends = "" if low is None or high is None else f"\u00a0[{low},\u00a0{high}]"
    return f"{found[name]}{ends}"


def _with_interval(found: dict[str, Any], name: str, mark: str) -> list[Cell]:
    low, high = (found[f"{name}_{end}"] for end in ("low", "high"))
    known = low is not None and high is not None
    return [_share(found, name, mark), interval(100 * low, 100 * high, 1) if known else Cell(MISSING)]


def _share(found: dict[str, Any] | None, name: str, mark: str) -> Cell:
    share = None if found is None else found[f"{name}_share"]
    return decimals(None if share is None else 100 * share, 1, mark=mark)


def _make(inputs: Inputs) -> Table:
    return clock_answers_table(swept_cells(inputs))


TABLE = TablePart(
    message="Make the table of answers of the clock sweeps",
    caption="At what to run each GPU and workload, within the limits and without them.",
    inputs=("sweep", "choice"),
    make=_make,
)
