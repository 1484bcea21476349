"""Table: predicted clocks of workloads and GPUs that were left out, against their opponents."""

from typing import Any

import pandas as pd

from wattshed.clocks.predicting.pickers import MODELS
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.parts.swept import choices_of
from wattshed.publish.typesetting.table import (
    INTERVAL_TITLE,
    SIMULATED,
    Cell,
    Column,
    Table,
    decimals,
    interval,
)
from wattshed.publish.typesetting.table_part import TablePart

KEPT_NOTE = (
    "Kept: of the picks, how many keep the slowdown limit by the cell's own measurements. Saved: the median over "
    "cells, where a pick that breaks the limit saves nothing; best: of the best setting, known in hindsight."
)
LEAD_NOTE = (
    "Lead: mean saving ahead of the median optimum of the other workloads on the same GPU, in points of the energy at "
    "the maximum, with the bootstrap interval over families of workloads. With few families it is too narrow rather "
    "than too wide."
)
SPLITS = {"gpu": "GPU"}
PICKERS_NOTE = (
    "Models, in bold: law: laws of time and power through the cell's own probes; prior: the joint law of the other "
    "cells, adapted to the probes. Opponents: the maximum; fixed 80: 80 % of it; median optimum: of the same GPU's "
    "other workloads; tuned share: the share of the maximum that saves most on these; best probe: the best one that "
    "was measured."
)
NO_RANDOM_NOTE = (
    "A cell is predicted from cells of other workloads, or of other GPUs, and from 1 or 3 measured settings of its "
    "own; never by a random split over runs, which would look the answer up."
)


def clock_predictions_table(
    standings: pd.DataFrame, predictions: pd.DataFrame, simulated: set[tuple[str, str]]
) -> Table:
    """One row per split, number of probes and picker; models in bold, opponents below them.

    simulated: GPU and workload of the cells whose sweep is simulated.
    """
    cells = set(zip(predictions["gpu"], predictions["workload"], strict=True))
    mark = SIMULATED if cells and cells <= simulated else ""
    rows = []
    for _, block in standings.groupby(["split", "policy"], sort=False):
        model_first = block.assign(opponent=~block["picker"].isin(list(MODELS))).sort_values(
            "opponent", kind="stable"
        )
        rows += [_row(row, place == 0, mark) for place, row in enumerate(model_first.to_dict("records"))]
    columns = [
        Column("Left out"),
        Column("Own probes"),
        Column("Picker"),
        Column("n", numeric=True),
        Column("Kept", "%", numeric=True),
        Column("Saved", "%", numeric=True),
        Column("Best", "%", numeric=True),
        Column("Lead", "points", numeric=True),
        Column(INTERVAL_TITLE, "points"),
        Column("Verdict", width_cm=4.6),
    ]
    gpus, workloads = (len({cell[place] for cell in cells}) for place in (0, 1))
    caption = (
        f"Clocks predicted for workloads and GPUs that were left out, n = {len(cells)} cells of {gpus} GPUs and "
        f"{workloads} workloads that were not refused."
    )
    notes = [PICKERS_NOTE, KEPT_NOTE, LEAD_NOTE, NO_RANDOM_NOTE]
    if 0 < len(cells & simulated) < len(cells):
        notes.append(f"{len(cells & simulated)} of the {len(cells)} cells are simulated.")
    if standings.empty:
        notes.insert(
            0, "Nothing was predicted: no sweep has valid values, or there is only one workload and one GPU."
        )
    elif "gpu" not in set(standings["split"]):
        notes.append("No GPU was left out, as all sweeps are of one.")
    return Table("clock_predictions", caption, columns, rows, notes)


def _row(row: dict[Any, Any], first: bool, mark: str) -> list[Cell]:
    lead = [None if pd.isna(row[name]) else 100 * row[name] for name in ("lead", "lead_low", "lead_high")]
    return [
        Cell(SPLITS.get(row["split"], str(row["split"])) if first else ""),
        Cell(str(row["policy"]).split()[0] if first else ""),
        Cell(str(row["picker"]).replace("_", " "), best=row["picker"] in MODELS),
        Cell(f"{row['picked']} of {row['cells']}" if row["picked"] < row["cells"] else str(row["cells"])),
        *(decimals(100 * row[name], places, mark=mark) for name, places in
          (("kept_share", 0), ("saving_share", 1), ("best_share", 1))),
        decimals(lead[0], 1, mark=mark),
        interval(lead[1], lead[2], 1),
        Cell(str(row["words"]).replace("_", " ")),
    ]  # fmt: skip


def _make(inputs: Inputs) -> Table:
    simulated = {
        (str(choice["gpu"]), str(choice["workload"]))
        for choice in choices_of(inputs)
        if choice["label"] == "simulated"
    }
    return clock_predictions_table(
        inputs.frame("prediction_standings"), inputs.frame("predictions"), simulated
    )


TABLE = TablePart(
    message="Make the table of predicted clocks",
    caption="Predicted clocks of workloads and GPUs that were left out, against their opponents.",
    inputs=("prediction_standings", "predictions", "choice"),
    make=_make,
)
