"""Table: which checkpoint to use for how many forecasts, and why not the others."""

from collections.abc import Sequence

from wattshed.accounts.recommend.limits import Option, OptionStanding, Recommendation
from wattshed.accounts.recommend.words import absent_models, absent_sentence, count_text, limits_text
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.recommended import recommendations_of
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    MISSING,
    Cell,
    Column,
    Table,
    powers,
    powers_interval,
    spaced_percent,
)
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.decisions import BLOCK_DAYS

COLUMNS = [
    Column("Forecasts"),
    Column("Use", width_cm=3.9),
    Column("Energy", "J", numeric=True),
    Column(INTERVAL_TITLE, "J"),
    Column("Then", width_cm=3.9),
    Column("Energy", "J", numeric=True),
]
RULE = (
    f"Errors keep a limit if that is shown over seeds and blocks of {BLOCK_DAYS} days, corrected for the checkpoints "
    "that may be chosen (Holm 1979), controls left out; what may exceed it is undecided and not chosen, and one seed "
    "shows nothing. Energy: of making the checkpoint, with the steps whose weights it has, and of all its forecasts of "
    "one node each; the least mean is chosen."
)


def recommended_table(found: Sequence[Recommendation], absent: str | None = None) -> Table:
    """One row per number of forecasts: the chosen checkpoint and the next one; notes say why not the others.

    absent: which models and baselines were not compared, and why.
    """
    rows = [_row(one) for one in found]
    caption = "Which checkpoint takes the least energy in total, by the number of forecasts, within the study's limits."
    notes = [spaced_percent(f"Limits: {limits_text(found[0])}."), RULE]
    # Reasons other than energy are alike for all numbers of forecasts: those of the middle one are shown.
    middle = found[len(found) // 2]
    count = count_text(middle.limits.forecasts)
    notes += [
        spaced_percent(f"{option.lineage} ({option.standing}), for {count}: {option.reason}.")
        for option in middle.options
        if option.standing != OptionStanding.CHOSEN and option.reason
    ]
    notes += [absent] if absent else []
    return Table("recommended", caption, COLUMNS, rows, notes)


def _row(one: Recommendation) -> list[Cell]:
    count = Cell(count_text(one.limits.forecasts))
    if one.chosen is None:
        return [count, Cell("undecided" if one.undecided else "none"), *[Cell(MISSING)] * 4]
    chosen = one.option(one.chosen)
    following = next((option for option in one.options if option.standing == OptionStanding.COSTS_MORE), None)
    return [
        count,
        Cell(one.chosen, best=True),
        powers(chosen.energy_j.mean),
        powers_interval(chosen.energy_j.low, chosen.energy_j.high),
        *_next(following),
    ]


def _next(option: Option | None) -> list[Cell]:
    if option is None:
        return [Cell(MISSING), Cell(MISSING)]
    return [Cell(option.lineage), powers(option.energy_j.mean)]


def _table(inputs: Inputs) -> Table:
    found = recommendations_of(inputs)
    if isinstance(found, str):
        return Table("recommended", "No checkpoint can be recommended.", COLUMNS, [], [found])
    compared = set(inputs.frame("checkpoints")["model"])
    models, controls = inputs.parameter("models") or (), inputs.parameter("controls") or ()
    absent = absent_sentence(absent_models(models, compared, controls), inputs.parameter("baselines") or ())
    return recommended_table(found, absent)


TABLE = TablePart(
    message="Make the table of recommended checkpoints",
    caption="Which checkpoint to use for how many forecasts, and why not the others.",
    inputs=("checkpoints", "compared_days", "windows"),
    parameters=("budgets", "controls", "models", "baselines"),
    windows=("epoch", "fit", "update", "make", "fine_tune", "measure"),
    make=_table,
)
