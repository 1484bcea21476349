"""Tables: test errors without suspect nodes, with wins by node, and in parts of the calendar."""

import pandas as pd

from wattshed.accounts.sensitivity.node_wins import node_wins
from wattshed.accounts.sensitivity.view_means import view_means
from wattshed.accounts.sensitivity.views import ALL, WITHOUT_SUSPECTS, Kind
from wattshed.data.suspects import DAYTIME
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
from wattshed.statistics.intervals import METHOD_NOTE

TITLES = {ALL: "All nodes", WITHOUT_SUSPECTS: "No suspects"}
RANKS_NOTE = (
    f"{RANK_UP} {RANK_DOWN}: a better or a worse rank than on all nodes; a change of rank is not yet a difference "
    "beyond the intervals."
)
SEEDS_NOTE = f"{METHOD_NOTE}, over seeds; a dash where n = 1."


def suspects_table(
    sensitivity: pd.DataFrame, scores: pd.DataFrame, quality: pd.DataFrame, unit: str
) -> Table:
    """Models in the order of their RMSE on all nodes, with the same without suspect nodes, and wins by node.

    sensitivity, scores, quality: the frames of these names; unit: of the errors.
    """
    means = view_means(sensitivity)
    means = means[means["kind"] != Kind.CALENDAR]
    views = list(means["view"].unique())
    wins = node_wins(scores).set_index("model")
    by_model = wins.to_dict("index")
    rows = []
    for model, own in means.groupby("model", sort=False):
        by_view = own.set_index("view")
        row = [Cell(str(model)), Cell(str(by_view.loc[ALL, "n"]))]
        for view in views:
            found = by_view.loc[view]
            row += [_error(found), interval(found["rmse_low"], found["rmse_high"], 4)]
        won = by_model[model]
        better = won["better_nodes"]
        row += [
            Cell(str(won["wins"])),
            Cell(MISSING if pd.isna(better) else str(better)),
            decimals(None if pd.isna(better) else 100 * won["median_change_share"], 1),
        ]
        rows.append(row)
    columns = [Column("Model"), Column("n", numeric=True)]
    for view in views:
        columns += [Column(TITLES[view], unit, numeric=True), Column("95 % int.", unit)]
    columns += [
        Column("Wins", "nodes", numeric=True),
        Column("Beats best", "nodes", numeric=True),
        Column("Median", "%", numeric=True),
    ]
    best, nodes = wins["best"].iloc[0], wins["nodes"].iloc[0]
    caption = (
        f"Test RMSE on all nodes and without suspect nodes, mean over {count_text(means['n'])} seeds; and of n = "
        f"{nodes} nodes, on how many a model has the least error of all, on how many less error than {best}, and "
        "the median over nodes of its error above that one's."
    )
    notes = [
        suspects_sentence(sensitivity, quality, unit),
        wins_sentence(scores),
        *([RANKS_NOTE] if len(views) > 1 else []),
        SEEDS_NOTE,
    ]
    return Table("sensitivity", caption, columns, rows, notes)


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
    suspects = suspects_table(sensitivity, inputs.frame("scores"), inputs.frame("quality"), unit)
    return [suspects] if calendar is None else [suspects, calendar]


TABLE = TablePart(
    message="Make the table of sensitivity",
    caption="Test errors without suspect nodes, with wins by node, and in parts of the calendar.",
    inputs=("sensitivity", "scores", "quality", "panel"),
    make=_make,
)
