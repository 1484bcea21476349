"""Tables: the ladder's steps, their costs, energies to named errors, and the parts of the lead."""

from dataclasses import replace

import pandas as pd

from wattshed.accounts.ladder.parts import PART
from wattshed.energy.reading import JOULES_PER_KWH
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
LEAST_SEEDS = 3
BOUND_NOTE = (
    "At most: a seed was at this error at its first look, so the energy is an upper bound, and the ratio at least the "
    "one given. A closed form has no earlier look: its energy is exact."
)


def ladder_tables(
    ladder: pd.DataFrame, targets: pd.DataFrame, parts: pd.DataFrame, unit: str, note: str = ""
) -> dict[str, Table]:
    """The tables by name, rows in climbing order.

    ladder: of :func:`ladder_frame`; targets: of :func:`targets_frame`; parts: of :func:`parts_frame`; unit: of the
    errors; note: what a reader must know of the recipes.
    """
    return {
        "ladder": _steps_table(ladder, parts, unit, note),
        "ladder_costs": _costs_table(ladder, unit),
        "ladder_targets": _targets_table(ladder, targets, unit),
        "ladder_parts": _parts_table(parts),
    }


def _steps_table(ladder: pd.DataFrame, parts: pd.DataFrame, unit: str, note: str) -> Table:
    best = ladder["rmse_mean"].min()
    changes = parts[parts["kind"] != PART].set_index("quick")
    rows = [
        [
            Cell(row["model"], best=row["rmse_mean"] == best),
            Cell(str(row["seeds"])),
            decimals(row["rmse_mean"], 4, best=bool(row["rmse_mean"] == best)),
            interval(row["rmse_low"], row["rmse_high"], 4),
            _joules(row, "training"),
            _joules_interval(row, "training"),
            Cell(str(changes.loc[row["model"], "slow"]) if row["model"] in changes.index else MISSING),
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
        Column(INTERVAL_TITLE, "J"),
        Column("Changes"),
        Column("What changes", width_cm=3.0),
    ]
    caption = (
        f"The ladder: mean over {count_text(ladder['seeds'])} seeds per step (1 where nothing is random); each step "
        "changes the named keys of the step that it names; least test RMSE in bold."
    )
    notes = [
        f"{METHOD_NOTE}; over seeds, of closed forms over repeated fits.",
        *_cautions(ladder),
        *([note] if note else []),
    ]
    return Table("ladder", caption, columns, rows, notes)


def _costs_table(ladder: pd.DataFrame, unit: str) -> Table:
    rows = [
        [
            Cell(row["model"]),
            Cell(str(row["seeds"])),
            significant(row["training_s_mean"]),
            significant_interval(row["training_s_low"], row["training_s_high"]),
            _count(row["samples_mean"]),
            _count(row["checks_mean"]),
            _percent(row["looking_share_mean"]),
            significant(row["tuning_kwh"] * JOULES_PER_KWH),
            decimals(row["best_rmse_mean"], 4),
            decimals(row["mae_mean"], 4),
        ]
        for _, row in ladder.iterrows()
    ]
    columns = [
        Column("Step"),
        Column("n", numeric=True),
        Column("Time", "s", numeric=True),
        Column(INTERVAL_TITLE, "s"),
        Column("Samples", numeric=True),
        Column("Looks", numeric=True),
        Column("Looking", "% of time", numeric=True),
        Column("Tuning", "J", numeric=True),
        Column("Validation RMSE", unit, numeric=True),
        Column("Test MAE", unit, numeric=True),
    ]
    caption = f"What one training of each of the ladder's steps takes, mean over {count_text(ladder['seeds'])} seeds."
    notes = [
        "A sample is one node's window. Time holds the looks at the validation part; Looking is their share of it. "
        "Tuning is what the whole grid took, once, in its own record; it is in no other column.",
        f"{METHOD_NOTE}; over seeds, of closed forms over repeated fits; a dash where nothing is counted or there is "
        "nothing to fit.",
    ]
    return Table("ladder_costs", caption, columns, rows, [*notes, *_cautions(ladder)])


def _targets_table(ladder: pd.DataFrame, targets: pd.DataFrame, unit: str) -> Table:
    named = set(ladder.loc[ladder["named"], "model"])
    statuses = dict(zip(ladder["model"], ladder["energy_status"], strict=True))
    shown = targets[targets["model"].isin(named)]
    rows = [
        [
            Cell(f"{row['target']}, {row['target_rmse']:.4f}" + ("" if row["useful"] else "*")),
            Cell(row["model"]),
            Cell(f"{row['reached']} of {row['seeds']}" if row["reached"] else NOT_REACHED),
            _at_most(row, statuses[row["model"]]),
            significant_interval(*(row[f"kwh_{end}"] * JOULES_PER_KWH for end in ("low", "high"))),
            significant(row["s_mean"]),
            *_ratio(row),
        ]
        for _, row in shown.iterrows()
    ]
    columns = [
        Column("Validation RMSE", unit),
        Column("Step"),
        Column("Seeds there"),
        Column("Energy", "J"),
        Column(INTERVAL_TITLE, "J"),
        Column("Time", "s", numeric=True),
        Column("Less energy", "times"),
        Column(INTERVAL_TITLE, "times"),
    ]
    against = str(targets["against"].iloc[0]) if len(targets) else ""
    caption = (
        f"Energy until the validation RMSE is first at most a named error, and how many times less that is than "
        f"{against} takes to the same error; means over the seeds that come there, of {count_text(ladder['seeds'])}."
    )
    notes = [
        "Energies and times are without the looks at the validation part, which training as such does not need.",
        "A model's own best counts for each of its own seeds by that seed's best look.",
        BOUND_NOTE,
        f"No ratio unless every seed of the step and of {against} comes there with a known energy, and none where "
        "there is nothing to fit.",
        f"{METHOD_NOTE}; over seeds, of closed forms over repeated fits; {RATIO_NOTE}.",
    ]
    if not shown["useful"].all():
        notes.insert(0, "* Not better than the best naive forecast on validation.")
    return Table("ladder_targets", caption, columns, rows, [*notes, *_cautions(ladder[ladder["named"]])])


def _parts_table(parts: pd.DataFrame) -> Table:
    ordered = pd.concat([parts[parts["kind"] == PART], parts[parts["kind"] != PART]])
    rows = [
        [
            Cell(row["name"]),
            Cell(row["slow"]),
            Cell(row["quick"]),
            significant(row["training_ratio"]),
            significant_interval(row["training_ratio_low"], row["training_ratio_high"]),
            _ratio_text(row["error_ratio"], row["error_ratio_is"]),
            significant_interval(row["error_ratio_low"], row["error_ratio_high"]),
            Cell(_change(row)),
        ]
        for _, row in ordered.iterrows()
    ]
    columns = [
        Column("Part or change", width_cm=2.3),
        Column("From"),
        Column("To"),
        Column("Whole training", "times", numeric=True),
        Column(INTERVAL_TITLE, "times"),
        Column("Same error", "times"),
        Column(INTERVAL_TITLE, "times"),
        Column("Test RMSE", "%"),
    ]
    caption = (
        "The parts of the lead, and each change of the ladder: how many times less energy the second step takes than "
        "the first, for a whole training and to the first step's own best validation RMSE."
    )
    notes = [
        "Below 1 the second step takes more. A dash: it does not come to that error with every seed, or both were "
        "there at their first look.",
        f"{RATIO_NOTE[0].upper()}{RATIO_NOTE[1:]}.",
    ]
    return Table("ladder_parts", caption, columns, rows, notes)


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


def _at_most(row: pd.Series, status: str) -> Cell:
    if not row["reached"]:
        return Cell(MISSING)
    cell = energy_cell(row["kwh_mean"] * JOULES_PER_KWH, status)
    return replace(cell, text=f"at most {cell.text}") if row["bound"] and row["kwh_n"] else cell


def _ratio(row: pd.Series) -> list[Cell]:
    if row["model"] == row["against"] and pd.notna(row["ratio"]):
        return [Cell("1"), Cell(MISSING)]
    return [
        _ratio_text(row["ratio"], row["ratio_is"]),
        significant_interval(row["ratio_low"], row["ratio_high"]),
    ]


def _ratio_text(ratio: float, kind: str) -> Cell:
    return Cell(MISSING) if pd.isna(ratio) else Cell(f"{kind} {significant_text(ratio)}".strip())


def _change(row: pd.Series) -> str:
    change = 100 * (row["quick_rmse"] / row["slow_rmse"] - 1)
    return MISSING if pd.isna(change) else f"{change:+.1f}"


def _joules(row: pd.Series, name: str) -> Cell:
    return energy_cell(row[f"{name}_kwh_mean"] * JOULES_PER_KWH, row["energy_status"])


def _joules_interval(row: pd.Series, name: str) -> Cell:
    return significant_interval(*(row[f"{name}_kwh_{end}"] * JOULES_PER_KWH for end in ("low", "high")))


def _count(value: float) -> Cell:
    return Cell(MISSING) if pd.isna(value) else Cell(f"{value:.0f}")


def _percent(share: float) -> Cell:
    return Cell(MISSING) if pd.isna(share) else Cell(f"{100 * share:.0f}")


def _make(inputs: Inputs) -> dict[str, Table]:
    ladder, targets, parts = (inputs.frame(name) for name in ("ladder", "targets", "parts"))
    return ladder_tables(ladder, targets, parts, inputs.unit, inputs.parameter("note") or "")


TABLE = TablePart(
    message="Make the tables of the ladder",
    caption="The ladder: its steps, their costs, the energy to named errors, and the parts of the lead.",
    inputs=("ladder", "targets", "parts", "panel"),
    parameters=("note",),
    files=("ladder", "ladder_costs", "ladder_targets", "ladder_parts"),
    make=_make,
)
