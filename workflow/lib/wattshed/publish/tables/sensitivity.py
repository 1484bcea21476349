"""Tables: test errors without suspect nodes, with wins by node, and in parts of the calendar."""

import pandas as pd

from wattshed.accounts.comparison.decisions import changes_against, error_bounds
from wattshed.accounts.sensitivity.node_wins import node_wins
from wattshed.accounts.sensitivity.view_means import view_means
from wattshed.accounts.sensitivity.views import ALL, WITHOUT_SUSPECTS, Kind
from wattshed.data.suspects import DAYTIME
from wattshed.publish.parts.decided import decisions_of
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.sentences.sensitivity import suspects_sentence, wins_sentence
from wattshed.publish.typesetting.table import (
    MISSING,
    RANK_DOWN,
    RANK_UP,
    Cell,
    Column,
    Table,
    count_text,
    decimals,
    interval,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.by_day import errors_by_day
from wattshed.statistics.decisions import BLOCK_DAYS, RULE_NOTE

TITLES = {ALL: "All nodes", WITHOUT_SUSPECTS: "No suspects"}
RANKS_NOTE = (
    f"{RANK_UP} {RANK_DOWN}: a better or a worse rank than on all nodes; a change of rank is not yet a difference "
    "beyond the intervals."
)


def suspects_table(
    sensitivity: pd.DataFrame,
    days: pd.DataFrame,
    best: str,
    scores: pd.DataFrame,
    quality: pd.DataFrame,
    unit: str,
) -> Table:
    """Models in the order of their RMSE on all nodes, with the same without suspect nodes, and wins by node.

    sensitivity, scores, quality: the frames of these names; days: ``sensitivity.days.parquet``; best: the model that
    validation chose, which all others are compared with; unit: of the errors.
    """
    means = view_means(sensitivity)
    means = means[means["kind"] != Kind.CALENDAR]
    wins = node_wins(scores).set_index("model")
    by_model = wins.to_dict("index")
    trusted = _trusted(means, days, best)
    rows = []
    for model, own in means.groupby("model", sort=False):
        every = own[own["view"] == ALL].iloc[0]
        won = by_model[model]
        better = won["better_nodes"]
        rows.append(
            [
                Cell(str(model)),
                Cell(str(every["n"])),
                _error(every),
                *trusted.get(str(model), []),
                Cell(str(won["wins"])),
                Cell(MISSING if pd.isna(better) else str(better)),
                decimals(None if pd.isna(better) else 100 * won["median_change_share"], 1),
            ]
        )
    columns = [Column("Model"), Column("n", numeric=True), Column("All nodes", unit, numeric=True)]
    if trusted:
        columns += [
            Column("No suspects", unit, numeric=True),
            Column("95 % int.", unit),
            Column("Δ", "%", numeric=True),
            Column("95 % int.", "%"),
            Column("Outcome", width_cm=1.8),
        ]
    columns += [
        Column("Wins", "nodes", numeric=True),
        Column("Beats best", "nodes", numeric=True),
        Column("Median", "%", numeric=True),
    ]
    least, nodes = wins["best"].iloc[0], wins["nodes"].iloc[0]
    where = "on all nodes and without suspect nodes" if trusted else "on all nodes"
    caption = (
        f"Test RMSE {where}, mean over {count_text(means['n'])} seeds; and of n = "
        f"{nodes} nodes, on how many a model has the least error of all, on how many less error than {least}, and "
        "the median over nodes of its error above that one's."
    )
    notes = [suspects_sentence(sensitivity, days, best, quality, unit), wins_sentence(scores)]
    if trusted:
        notes += [
            f"Δ and outcome: without suspect nodes, against {best}, which validation chose on all nodes; {RULE_NOTE}.",
            f"Interval of the RMSE: over seeds and blocks of {BLOCK_DAYS} days together.",
            RANKS_NOTE,
        ]
    return Table("sensitivity", caption, columns, rows, notes)


def _trusted(means: pd.DataFrame, days: pd.DataFrame, best: str) -> dict[str, list[Cell]]:
    """By model, the cells of the errors without suspect nodes; empty where the panel has no such view."""
    if days.empty:
        return {}
    errors = errors_by_day(days, "model", "rmse", "the models' errors without suspect nodes")
    changes = {str(row["model"]): row for row in changes_against(days, best).to_dict("records")}
    found = {}
    for _, row in means[means["view"] == WITHOUT_SUSPECTS].iterrows():
        model = str(row["model"])
        change = changes[model]
        found[model] = [
            _error(row),
            interval(*error_bounds(errors.error(model)), 4),
            decimals(100 * change["change_share"], 1),
            interval(100 * change["change_low"], 100 * change["change_high"], 1),
            Cell(MISSING if model == best else str(change["outcome"])),
        ]
    return found


def calendar_table(sensitivity: pd.DataFrame, unit: str) -> Table | None:
    """The same models in parts of the calendar; None if the test part is too short for any part."""
    means = view_means(sensitivity)
    parts = means.loc[means["kind"] == Kind.CALENDAR, "view"].unique()
    if not len(parts):
        return None
    rows = [
        [Cell(str(model)), *(_error(own.set_index("view").loc[part]) for part in parts)]
        for model, own in means.groupby("model", sort=False)
    ]
    columns = [Column("Model"), *(Column(part.capitalize(), unit, numeric=True) for part in parts)]
    caption = (
        f"Test RMSE in parts of the local calendar, mean over {count_text(means['n'])} seeds, in the order of the RMSE "
        "of the whole test part; best of a column in bold."
    )
    hours = f"Daytime is {DAYTIME[0]} to {DAYTIME[1]} h, night the rest of the day."
    return Table("sensitivity_calendar", caption, columns, rows, [hours, RANKS_NOTE])


def _error(row: pd.Series) -> Cell:
    mark = RANK_UP if row["rank_gain"] > 0 else RANK_DOWN if row["rank_gain"] < 0 else ""
    return decimals(row["rmse_mean"], 4, mark=mark, best=bool(row["rank"] == 1))


def _make(inputs: Inputs) -> list[Table]:
    sensitivity, unit = inputs.frame("sensitivity"), inputs.unit
    calendar = calendar_table(sensitivity, unit)
    suspects = suspects_table(
        sensitivity,
        inputs.frame("sensitivity_days"),
        decisions_of(inputs).best,
        inputs.frame("scores"),
        inputs.frame("quality"),
        unit,
    )
    return [suspects] if calendar is None else [suspects, calendar]


TABLE = TablePart(
    message="Make the table of sensitivity",
    caption="Test errors without suspect nodes, with wins by node, and in parts of the calendar.",
    inputs=("sensitivity", "sensitivity_days", "days", "frontier", "scores", "quality", "panel"),
    parameters=("controls",),
    make=_make,
)
