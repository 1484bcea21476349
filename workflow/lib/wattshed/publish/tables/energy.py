"""Table: energy per stage and component."""

import pandas as pd

from wattshed.accounts.runs.stages import TOTAL, stages_frame
from wattshed.energy.reading import COMPONENTS
from wattshed.foundation.vocabulary import Stage
from wattshed.publish.notes.beside_others import RULE
from wattshed.publish.typesetting.scales import G_PER_KG, WH_PER_KWH
from wattshed.publish.typesetting.status_marks import energy_mark
from wattshed.publish.typesetting.table import ESTIMATED, MISSING, Cell, Column, Table, decimals, significant
from wattshed.publish.typesetting.table_part import TablePart


def energy_table(runs: pd.DataFrame) -> Table:
    """Energy and mass per stage, from the ledgers of all its jobs; a component without a sensor is a dash."""
    stages = stages_frame(runs)
    hours = [part for part in ("cpu", "gpu") if stages[f"{part}_hours"].notna().any()]
    rows = []
    for _, row in stages.iterrows():
        energies = [
            significant(row[f"{part}_kwh"] * WH_PER_KWH, mark=energy_mark(row[f"{part}_status"]))
            if pd.notna(row[f"{part}_kwh"])
            else significant(None)
            for part in (*COMPONENTS, "energy")
        ]
        mass = None if pd.isna(row["co2e_kg"]) else row["co2e_kg"] * G_PER_KG
        rows.append(
            [
                Cell(row["stage"], best=row["stage"] == TOTAL),
                Cell(str(row["jobs"])),
                _alone(row),
                decimals(row["duration_s"], 1),
                *(significant(row[f"{part}_hours"]) for part in hours),
                *energies,
                significant(
                    None if pd.isna(row["machine_kwh"]) else row["machine_kwh"] * WH_PER_KWH,
                    mark=energy_mark(row["machine_status"]),
                ),
                significant(mass, mark=ESTIMATED),
            ]
        )
    columns = [
        Column("Stage"),
        Column("n", "jobs", numeric=True),
        Column("Alone", "jobs", numeric=True),
        Column("Time", "s", numeric=True),
        *(Column(part.upper(), "h", numeric=True) for part in hours),
        Column("CPU", "Wh", numeric=True),
        Column("RAM", "Wh", numeric=True),
        Column("GPU", "Wh", numeric=True),
        Column("Sum", "Wh", numeric=True),
        Column("Machine", "Wh", numeric=True),
        Column("CO₂e", "g", numeric=True),
    ]
    total = stages.iloc[-1]
    caption = (
        f"Energy of the study by stage and component: sums over {total['jobs']} jobs, no repeats averaged."
    )
    return Table("energy", caption, columns, rows, energy_notes(stages))


def _alone(row: pd.Series) -> Cell:
    known = row["alone_jobs"] + row["not_alone_jobs"]
    return Cell(
        str(row["alone_jobs"])
        if known == row["jobs"]
        else f"{row['alone_jobs']} of {known}"
        if known
        else MISSING
    )


def energy_notes(stages: pd.DataFrame) -> list[str]:
    """Notes on what the sums leave out, and which of them are lower bounds."""
    total = stages.iloc[-1]
    notes = []
    unknown = [part.upper() for part in COMPONENTS if pd.isna(total[f"{part}_kwh"])]
    if unknown:
        notes.append(f"No job had a sensor or an estimate for: {', '.join(unknown)}; the sums leave it out.")
    for part in COMPONENTS:
        if 0 < total[f"{part}_jobs"] < total["jobs"]:
            notes.append(
                f"{part.upper()} is known in {total[f'{part}_jobs']} of {total['jobs']} jobs: its sum is a lower "
                "bound."
            )
    superseded = stages[stages["stage"] == Stage.SUPERSEDED]
    if len(superseded):
        notes.append(
            f"Superseded: {superseded['jobs'].iloc[0]} jobs whose results no longer exist, because they failed, were "
            "killed or were measured again; what they spent counts in the total, and in no other result."
        )
    if total["gpu_unread_jobs"]:
        notes.append(
            f"GPU not metered in {total['gpu_unread_jobs']} jobs, although the machine has one that they could use: "
            "every sum with them is a lower bound."
        )
    if total["truncated_jobs"]:
        notes.append(
            f"{total['truncated_jobs']} jobs were killed; they count up to their last closed window."
        )
    if total["overlapping_jobs"]:
        notes.append(
            f"{total['overlapping_jobs']} jobs ran beside another one: the machine's energy is shared among those that "
            "ran by their own processor time, and counted once."
        )
    notes.append(
        "CPU, RAM, GPU and Sum are the jobs' own energy; Machine is all that the machine took while they ran, its idle "
        "power and other programs included."
    )
    notes.append(f"Alone: jobs without a neighbour; a job was not alone where {RULE}.")
    notes.append(
        "The sums cover whole jobs, including loading, scoring and the repeats that only serve the "
        "measurement."
    )
    notes.append("A dash means unknown, not zero.")
    return notes


TABLE = TablePart(
    message="Make the table of energy",
    caption="Energy of the study by stage and component.",
    inputs=("runs",),
    make=lambda inputs: energy_table(inputs.frame("runs")),
)
