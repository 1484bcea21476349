"""Tables: the ladder's steps, their costs, and how they compare with the opponents' best errors."""

import pandas as pd

from wattshed.accounts.ladder.steps import BY_TEST, OWN_BEST, ROLES
from wattshed.energy.reading import JOULES_PER_KWH
from wattshed.foundation.vocabulary import Status
from wattshed.publish.notes.beside_others import ladder_notes
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.status_marks import energy_cell
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    MISSING,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    interval,
    significant,
    significant_interval,
    significant_text,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.intervals import METHOD_NOTE
from wattshed.statistics.ratios import RATIO_NOTE

NOT_REACHED = "not reached"
# Not a star, which LaTeX would read as part of the line break before it.
TEST_MARK = "¶"
LARGEST_RATIO = 1e6
LEAST_SEEDS = 3


def ladder_tables(ladder: pd.DataFrame, unit: str, note: str = "") -> dict[str, Table]:
    """The tables by name, one row per step in climbing order (per opponent and step in ``ladder_targets``).

    ladder: of :func:`ladder_frame`; unit: of the errors; note: what a reader must know of the recipes.
    """
    return {
        "ladder": _steps_table(ladder, unit, note),
        "ladder_costs": _costs_table(ladder, unit),
        "ladder_targets": _targets_table(ladder, unit, note),
    }


def _steps_table(ladder: pd.DataFrame, unit: str, note: str) -> Table:
    best = ladder["rmse_mean"].min()
    rows = [
        [
            Cell(row["model"], best=row["rmse_mean"] == best),
            Cell(str(row["seeds"])),
            decimals(row["rmse_mean"], 4, best=bool(row["rmse_mean"] == best)),
            interval(row["rmse_low"], row["rmse_high"], 4),
            _joules(row, "training"),
            *_ratio_cells(row, "reference"),
            Cell(row["caption"]),
        ]
        for _, row in ladder.iterrows()
    ]
    columns = [
        Column("Step"),
        Column("n", numeric=True),
        Column("Test RMSE", unit, numeric=True),
        Column(INTERVAL_TITLE, unit),
        Column("Training", "J", numeric=True),
        Column("Less energy", "times", numeric=True),
        Column(INTERVAL_TITLE, "times"),
        Column("What changes", width_cm=3.0),
    ]
    caption = (
        f"The ladder, one change a step: mean over {count_text(ladder['seeds'])} seeds per step (1 where nothing is "
        f"random); less energy than {_name(ladder, 'reference')} takes to its own best validation RMSE, for the same "
        "error; least test RMSE in bold."
    )
    notes = [
        *_reading_notes(ladder, ["reference"]),
        f"{METHOD_NOTE}; over seeds, of closed forms over repeated fits; {RATIO_NOTE}.",
    ]
    return Table("ladder", caption, columns, rows, [*notes, *_cautions(ladder), *([note] if note else [])])


def _costs_table(ladder: pd.DataFrame, unit: str) -> Table:
    rows = [
        [
            Cell(row["model"]),
            Cell(str(row["seeds"])),
            _joules(row, "training"),
            _joules_interval(row, "training"),
            significant(row["training_s_mean"]),
            significant_interval(row["training_s_low"], row["training_s_high"]),
            _count(row["samples_mean"]),
            decimals(row["mae_mean"], 4),
            interval(row["mae_low"], row["mae_high"], 4),
        ]
        for _, row in ladder.iterrows()
    ]
    columns = [
        Column("Step"),
        Column("n", numeric=True),
        Column("Training", "J", numeric=True),
        Column(INTERVAL_TITLE, "J"),
        Column("Time", "s", numeric=True),
        Column(INTERVAL_TITLE, "s"),
        Column("Samples", numeric=True),
        Column("Test MAE", unit, numeric=True),
        Column(INTERVAL_TITLE, unit),
    ]
    caption = f"What one training of each of the ladder's steps takes, mean over {count_text(ladder['seeds'])} seeds."
    notes = [
        "A sample is one node's window; energy and time hold the validation after each epoch. "
        f"{JOULES_PER_KWH:,.0f} J are 1 kWh.",
        f"{METHOD_NOTE}; over seeds, of closed forms over repeated fits; a dash where n = 1, "
        "nothing is counted or the energy is unknown.",
    ]
    return Table("ladder_costs", caption, columns, rows, [*notes, *_cautions(ladder)])


def _targets_table(ladder: pd.DataFrame, unit: str, note: str) -> Table:
    roles = [role for role in ROLES if (ladder["role"] == role).any()]
    rows = [
        [
            Cell(_name(ladder, role)),
            Cell(row["model"]),
            _reached(row, role),
            _joules(row, role),
            _joules_interval(row, role),
            significant(row[f"{role}_s_mean"]),
            _count(row[f"{role}_samples_mean"]),
            *_ratio_cells(row, role),
        ]
        for role in roles
        for _, row in ladder.iterrows()
    ]
    columns = [
        Column("Best of"),
        Column("Step"),
        Column("Seeds there"),
        Column("Energy", "J", numeric=True),
        Column(INTERVAL_TITLE, "J"),
        Column("Time", "s", numeric=True),
        Column("Samples", numeric=True),
        Column("Less energy", "times", numeric=True),
        Column(INTERVAL_TITLE, "times"),
    ]
    targets = "; ".join(
        f"{_name(ladder, role)} {decimals(_row(ladder, role)['best_rmse_mean'], 4).text} {unit}"
        for role in roles
    )
    caption = (
        f"Energy that each step had used when its validation RMSE first reached an opponent's own best (mean over "
        f"seeds: {targets}); means over the seeds that reached it, of {count_text(ladder['seeds'])}."
    )
    notes = [
        *_reading_notes(ladder, roles),
        f"{METHOD_NOTE}; over seeds, of closed forms over repeated fits; {RATIO_NOTE}.",
    ]
    return Table(
        "ladder_targets", caption, columns, rows, [*notes, *_cautions(ladder), *([note] if note else [])]
    )


def _reading_notes(ladder: pd.DataFrame, roles: list[str]) -> list[str]:
    """How to read energies to a target."""
    notes = [
        "Resolution: the error is checked after each epoch, so the energy to an error is that of whole epochs; an "
        "opponent's own energy counts up to its best epoch."
    ]
    first = [row["model"] for _, row in ladder.iterrows() if any(_at_first(row, role) for role in roles)]
    if first:
        notes.append(
            "At or below the target already after the first epoch, so its energy is an upper bound: "
            f"{', '.join(first)}."
        )
    if any((ladder[f"{role}_judged_by"] == BY_TEST).any() for role in roles):
        notes.append(
            f"{TEST_MARK} without validation errors: its test RMSE is compared with the opponent's mean test RMSE "
            f"({_test_targets(ladder, roles)}), with all its energy."
        )
    if any(not _all_there(row, role) for role in roles for _, row in ladder.iterrows()):
        notes.append(
            "A ratio needs every seed to reach the target with a known energy: only the seeds that reach it "
            "would give too good a ratio."
        )
    return notes


def _cautions(ladder: pd.DataFrame) -> list[str]:
    """Notes on weak numbers: few seeds, or energies that are known only for some seeds."""
    cautions = []
    trained = ladder.loc[ladder["samples_n"] > 0, ["model", "seeds"]]
    few = trained.loc[trained["seeds"] < LEAST_SEEDS, "model"].tolist()
    if few:
        cautions.append(f"Fewer than {LEAST_SEEDS} seeds, so intervals are not reliable: {', '.join(few)}.")
    partly = ladder[(ladder["training_kwh_n"] < ladder["seeds"]) & (ladder["training_kwh_n"] > 0)]
    for _, row in partly.iterrows():
        cautions.append(
            f"{row['model']}: training energy known for {row['training_kwh_n']} of {row['seeds']} seeds."
        )
    return [*cautions, *ladder_notes(ladder)]


def _reached(row: pd.Series, role: str) -> Cell:
    reached, seeds = row[f"{role}_reached"], row["seeds"]
    mark = TEST_MARK if row[f"{role}_judged_by"] == BY_TEST else ""
    return Cell(f"{reached} of {seeds}" if reached else f"{NOT_REACHED} (0 of {seeds})", mark)


def _ratio_cells(row: pd.Series, role: str) -> list[Cell]:
    """Ratio and interval; a text if the step never reached the target."""
    ratio, mark = row[f"{role}_ratio"], TEST_MARK if row[f"{role}_judged_by"] == BY_TEST else ""
    if row[f"{role}_judged_by"] == OWN_BEST:
        return [Cell("1" if pd.notna(ratio) else MISSING), Cell(MISSING)]
    if row[f"{role}_reached"] == 0:
        return [Cell(NOT_REACHED, mark), Cell(MISSING)]
    if pd.isna(ratio):
        there = (
            str(Status.NO_FIT)
            if row["energy_status"] == Status.NO_FIT
            else "unknown"
            if row[f"{role}_reached"] == row["seeds"]
            else f"{row[f'{role}_reached']} of {row['seeds']}"
        )
        return [Cell(there, mark), Cell(MISSING)]
    if ratio > LARGEST_RATIO:
        return [Cell(f"> {LARGEST_RATIO:.0f}", mark), Cell(MISSING)]
    ends = significant_interval(row[f"{role}_ratio_low"], row[f"{role}_ratio_high"])
    return [Cell(significant_text(ratio), mark), ends]


def _joules(row: pd.Series, name: str) -> Cell:
    return energy_cell(row[f"{name}_kwh_mean"] * JOULES_PER_KWH, row["energy_status"])


def _joules_interval(row: pd.Series, name: str) -> Cell:
    return significant_interval(*(row[f"{name}_kwh_{end}"] * JOULES_PER_KWH for end in ("low", "high")))


def _count(value: float) -> Cell:
    return Cell(MISSING) if pd.isna(value) else Cell(f"{value:.0f}")


def _all_there(row: pd.Series, role: str) -> bool:
    return bool(row[f"{role}_reached"] == row["seeds"] and pd.notna(row[f"{role}_ratio"]))


def _at_first(row: pd.Series, role: str) -> bool:
    own_way = row[f"{role}_judged_by"] not in (OWN_BEST, BY_TEST)
    return bool(own_way and row[f"{role}_at_first"] > 0)


def _row(ladder: pd.DataFrame, role: str) -> pd.Series:
    return ladder[ladder["role"] == role].iloc[0]


def _name(ladder: pd.DataFrame, role: str) -> str:
    return str(_row(ladder, role)["model"])


def _test_targets(ladder: pd.DataFrame, roles: list[str]) -> str:
    return ", ".join(
        f"{_name(ladder, role)} {decimals(_row(ladder, role)['rmse_mean'], 4).text}" for role in roles
    )


def _make(inputs: Inputs) -> dict[str, Table]:
    return ladder_tables(inputs.frame("ladder"), inputs.unit, inputs.parameter("note") or "")


TABLE = TablePart(
    message="Make the tables of the ladder",
    caption="The ladder: its steps, their costs, and the energy to reach an opponent's best error.",
    inputs=("ladder", "panel"),
    parameters=("note",),
    files=("ladder", "ladder_costs", "ladder_targets"),
    make=_make,
)
