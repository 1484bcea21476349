"""Table: which part of the study's time was metered, and what the rest was."""

import pandas as pd

from wattshed.accounts.runs.wall_times import ALL
from wattshed.publish.typesetting.table import MISSING, Cell, Column, Table, decimals


def time_table(times: pd.DataFrame) -> Table:
    """Wall time of all finished jobs by stage, with the metered part.

    times: what :func:`wattshed.accounts.runs.wall_times.wall_times` found, at least one row.
    """
    rows = [
        [
            Cell(row["part"], best=row["part"] == ALL),
            Cell(str(row["jobs"])),
            decimals(row["wall_s"], 1),
            decimals(row["metered_s"], 1),
            _share(row["metered_s"], row["wall_s"]),
            decimals(row["wall_s"] - row["metered_s"], 1),
            decimals(row["cpu_s"], 1),
        ]
        for row in times.to_dict("records")
    ]
    columns = [
        Column("Part"),
        Column("n", "jobs", numeric=True),
        Column("Wall time", "s", numeric=True),
        Column("Metered", "s", numeric=True),
        Column("Metered", "%", numeric=True),
        Column("Not metered", "s", numeric=True),
        Column("Processor", "s", numeric=True),
    ]
    notes = [
        "Not metered: start-up and imports of the measured jobs, and all of the jobs without a meter, which prepare "
        "data, score, collect and publish. Snakemake itself, and this page, are in neither.",
    ]
    caption = (
        "Wall time of the jobs that had finished when this page was written, and how much of it was metered."
    )
    return Table("time", caption, columns, rows, notes)


def _share(metered_s: float, wall_s: float) -> Cell:
    return decimals(100 * metered_s / wall_s, 0) if wall_s > 0 else Cell(MISSING)
