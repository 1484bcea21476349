"""Table: what every rule chooses, without limits and within them side by side."""

from typing import Any

from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import SweptCell, judged_cells, listed, swept_cells
from wattshed.publish.tables.clock_answers import limits_words, pick_of, setting_words
from wattshed.publish.tables.clocks import numbered
from wattshed.publish.typesetting.table import (
    MISSING,
    SIMULATED,
    Cell,
    Column,
    Table,
    decimals,
    plain,
    spaced_percent,
)
from wattshed.publish.typesetting.table_part import TablePart

SIDES_NOTE = (
    "Without: any setting that was repeated often enough; within: those that keep the limit of slowdown with 95 % "
    "certainty, inside the band. Brackets are bootstrap 95 % intervals; after a setting they hold the settings between "
    "which the rule falls when the runs are drawn again."
)
SIGNS_NOTE = (
    "Relative to the warm maximum: positive is energy saved, slower, and a smaller EDP (energy times time); negative "
    "is the opposite. least energy and lowest keep the slowdown limit by themselves, also without the other limits."
)


def clock_choices_table(cell: SweptCell) -> Table:
    """One row per rule; the recommended setting is bold in the row of the configured rule."""
    choice = cell.choice
    mark = SIMULATED if choice["label"] == "simulated" else ""
    rules = list(dict.fromkeys(pick["rule"] for pick in choice["picks"]))
    rows = []
    reasons: dict[str, list[str]] = {}
    for rule in rules:
        free, kept = (pick_of(choice, constrained=side, rule=rule) for side in (False, True))
        used = choice["status"] == "use" and rule == choice["rule"]
        rows.append(
            [
                Cell(rule.replace("_", " "), best=rule == choice["rule"]),
                *(_setting(pick, best=used and pick is kept) for pick in (free, kept)),
                *(_saved(pick, mark) for pick in (free, kept)),
                *(_share(pick, "slowdown_share", mark) for pick in (free, kept)),
                *(_share(pick, "edp_gain_share", mark) for pick in (free, kept)),
            ]
        )
        if kept is None:
            reason = next(
                pick["reason"]
                for pick in choice["picks"]
                if (pick["rule"], pick["constrained"]) == (rule, True)
            )
            reasons.setdefault(reason, []).append(rule.replace("_", " "))
    unit = choice["unit"]
    columns = [
        Column("Rule"),
        Column("Setting without", unit),
        Column("Setting within", unit),
        Column("Saved without", "%"),
        Column("Saved within", "%"),
        Column("Slower without", "%", numeric=True),
        Column("Slower within", "%", numeric=True),
        Column("EDP gain without", "%", numeric=True),
        Column("EDP gain within", "%", numeric=True),
    ]
    notes = [
        f"Nothing within the limits by {', '.join(names)}: {spaced_percent(why)}."
        for why, names in reasons.items()
    ]
    fitted = {row["setting"]: row["repeats"] for row in choice["fitted"] if row["measured"]}
    caption = (
        f"What every rule chooses for {cell.title}, without limits and within them; maximum {choice['maximum']} "
        f"{unit}, n = {min(fitted.values())} to {max(fitted.values())} valid repeats per setting. "
        f"{limits_words([choice])}"
    )
    return Table("clock_choices", caption, columns, rows, [*notes, SIDES_NOTE, SIGNS_NOTE])


def _setting(pick: dict[str, Any] | None, *, best: bool) -> Cell:
    return Cell(MISSING if pick is None else setting_words(pick), best=best)


def _saved(pick: dict[str, Any] | None, mark: str) -> Cell:
    if pick is None or pick["saving_share"] is None:
        return Cell(MISSING)
    share, low, high = (pick[f"saving_{end}"] for end in ("share", "low", "high"))
    ends = "" if low is None or high is None else f" [{plain(100 * low, 1)}, {plain(100 * high, 1)}]"
    return Cell(f"{plain(100 * share, 1)}{ends}", mark)


def _share(pick: dict[str, Any] | None, name: str, mark: str) -> Cell:
    return decimals(None if pick is None or pick[name] is None else 100 * pick[name], 1, mark=mark)


def _make(inputs: Inputs) -> Table | list[Table]:
    """One table per cell that was not refused; one without rows if all were."""
    cells = swept_cells(inputs)
    judged = judged_cells(cells)
    refused = [cell.title for cell in cells if not cell.choice["fitted"]]
    if not judged:
        note = "The answers name the reasons."
        caption = f"What every rule chooses: nothing, as all n = {len(cells)} sweeps were refused."
        return Table("clock_choices", caption, [Column("Rule")], [], [note])
    tables = [clock_choices_table(cell) for cell in judged]
    if refused:
        tables[-1].notes.append(f"Not judged, as the sweep was refused: {listed(refused)}.")
    return numbered(tables)


TABLE = TablePart(
    message="Make the table of choices of clocks by every rule",
    caption="What every rule chooses, without limits and within them.",
    inputs=("sweep", "choice"),
    make=_make,
)
