"""Table: accuracy and proper scores of every model of a study of classes."""

import pandas as pd

from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.table import Cell, Column, Table, count_text, decimals, interval
from wattshed.publish.typesetting.table_part import TablePart
from wattshed.statistics.intervals import mean_interval

METRICS = ("accuracy", "balanced_accuracy", "log_loss", "brier", "sensitivity", "specificity")


def classes_table(frame: pd.DataFrame) -> Table:
    """Every model by its mean log loss. frame: ``accuracy/classes.parquet``."""
    two = bool(frame["positive"].notna().any())
    shown = METRICS if two else METRICS[:4]
    means = frame.groupby("model")[list(METRICS)].mean().sort_values(["log_loss", "brier"])
    best = {name: means[name].min() if name in ("log_loss", "brier") else means[name].max() for name in shown}
    rows = []
    for model, mean in means.iterrows():
        own = frame[frame["model"] == model]
        seeds = mean_interval(own["accuracy"])
        # A share cannot leave its range, as an interval of few seeds may.
        low, high = (
            (None, None)
            if seeds.low is None or seeds.high is None
            else (max(0.0, seeds.low), min(1.0, seeds.high))
        )
        cells = {
            name: decimals(
                100 * mean[name] if name not in ("log_loss", "brier") else mean[name],
                3 if name in ("log_loss", "brier") else 1,
                best=bool(mean[name] == best[name]),
            )
            for name in shown
        }
        rows.append(
            [
                Cell(str(model)),
                Cell(str(len(own))),
                cells["accuracy"],
                interval(_percent(low), _percent(high), 1),
                interval(100 * own["accuracy_low"].mean(), 100 * own["accuracy_high"].mean(), 1),
                *(cells[name] for name in shown[1:]),
            ]
        )
    columns = [
        Column("Model"),
        Column("n", numeric=True),
        Column("Accuracy", "%", numeric=True),
        Column("95 % over seeds", "%"),
        Column("95 % over windows", "%"),
        Column("Balanced", "%", numeric=True),
        Column("Log loss", numeric=True),
        Column("Brier", numeric=True),
    ]
    if two:
        columns += [Column("Sensitivity", "%", numeric=True), Column("Specificity", "%", numeric=True)]
    first = frame.iloc[0]
    caption = (
        f"Classes of {int(first['windows'])} windows of the test part, {int(first['classes'])} classes, mean over "
        f"{count_text(frame.groupby('model').size())} seeds, sorted by log loss; best of a column in bold. A guess "
        f"among the classes is right for {100 * first['chance']:.1f} %."
    )
    return Table("classes", caption, columns, rows, _notes(frame, two))


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


def _notes(frame: pd.DataFrame, two: bool) -> list[str]:
    notes = [
        "Intervals of the accuracy: Student's t over seeds, a dash where n = 1 or all seeds are alike; Wilson's over "
        "the windows, mean of its ends over the seeds. Windows of one series are alike, so this one is too narrow.",
        "Balanced: mean over the classes of the share of their windows. Brier: squared distance summed over the "
        "classes, 0 to 2. The log loss takes a probability of at least 1e-7.",
    ]
    if two:
        positive = frame["positive"].dropna().iloc[0]
        notes.append(
            f"Sensitivity: share of the windows of class {positive} that are found; specificity: of the other class."
        )
    return notes


def _make(inputs: Inputs) -> Table:
    return classes_table(inputs.frame("classes"))


TABLE = TablePart(
    message="Make the table of classes",
    caption="Accuracy, balanced accuracy, log loss and Brier score of every model on the test part.",
    inputs=("classes",),
    make=_make,
)
