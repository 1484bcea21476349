"""What ``wattshed accounts`` prints and writes."""

import json
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.accounts.comparison.comparable import training_costs
from wattshed.accounts.comparison.fronts import COSTS, fronts_frame
from wattshed.accounts.comparison.leaders import low_carbon_leaders
from wattshed.accounts.comparison.normalised import normalised_metrics
from wattshed.accounts.comparison.overlay import epoch_curves
from wattshed.accounts.estimates.retro import separate_totals
from wattshed.accounts.marks.lower_bounds import NOT_METERED, missing_parts, what_is_missing
from wattshed.accounts.reading.ranks import COUNTED_AGAIN
from wattshed.accounts.runs.hardware import add_hardware
from wattshed.commands.printing.screen import open_console, plain_table
from wattshed.energy.reading import worst_status
from wattshed.foundation.vocabulary import TRAINING_WINDOWS, Outcome, Stage
from wattshed.foundation.writing import write_parquet, write_text
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.publish.figures.emissions_heatmap import emissions_heatmap_figure
from wattshed.publish.figures.energy_box import energy_box_figure
from wattshed.publish.figures.fronts import fronts_figure
from wattshed.publish.figures.overlay import overlay_figure
from wattshed.publish.figures.split import split_figure
from wattshed.publish.notes.runs import run_notes
from wattshed.publish.tables.fronts import fronts_table
from wattshed.publish.tables.leaders import leaders_table
from wattshed.publish.tables.normalised import normalised_tables
from wattshed.publish.typesetting.latex import render_table
from wattshed.statistics.summaries import summarise

# Stages whose runs are whole trainings, so that runs of one model are repeats.
WHOLE_RUNS = (Stage.FOREIGN, Stage.COMMAND)
SHOWN_PROBLEMS = 5
# What names a row of totals.
KEYS = ["stage", "model", "command"]
UNLIKE = "(mixed)"
LONGEST_COMMAND = 30


def totals_frame(runs: pd.DataFrame) -> pd.DataFrame:
    """One row per stage, model and measured command: n, sums of time, energy (shared out where jobs overlapped) and
    mass, and the geometric mean energy of a run with its 95 % interval.

    Sums hold all runs. Means hold only those that finished: a failed or killed run does not repeat the work.
    mean_runs: how many these are. unlike: they are jobs of different work, such as all sweeps of a study, so that their
    mean describes none of them. command: the command line of runs of ``wattshed measure``, else empty.
    cpu_hours, gpu_hours: sums, null where no run knows them. missing: what the energy lacks, such as ``GPU not
    metered``, else null; then ``lower_bound`` is True and all sums of energy and mass are lower bounds.
    """
    frame = add_hardware(runs).assign(model=runs["model"].fillna(""))
    frame["command"] = _commands(frame)
    frame["group"] = frame[KEYS].agg("\t".join, axis=1)
    # Records from before outcomes were kept have none.
    whole = (
        frame[frame["outcome"].isna() | frame["outcome"].eq(Outcome.FINISHED)]
        if "outcome" in frame
        else frame
    )
    means = summarise(whole, "group", ["attributed_kwh"]).set_index("group")
    known = whole.groupby("group")["attributed_kwh"].count()
    works = whole.groupby("group")["job"].nunique()
    grouped = frame.groupby("group", sort=False)
    sums = grouped.agg(
        runs=("job", "size"),
        duration_s=("duration_s", "sum"),
        energy_kwh=("attributed_kwh", lambda part: part.sum(min_count=1)),
        machine_kwh=("machine_attributed_kwh", lambda part: part.sum(min_count=1)),
        co2e_kg=("co2e_kg", lambda part: part.sum(skipna=False)),
        energy_status=("energy_status", worst_status),
        flagged=("flags", "count"),
        cpu_hours=("cpu_hours", lambda part: part.sum(min_count=1)),
        gpu_hours=("gpu_hours", lambda part: part.sum(min_count=1)),
    )
    lacking = {group: what_is_missing(part) for group, part in grouped}
    sums["missing"] = pd.array([lacking[group] or None for group in sums.index], dtype="string")
    sums["lower_bound"] = sums["missing"].notna()
    sums["mean_runs"] = known.reindex(sums.index).fillna(0).astype("int64")
    sums["mean_kwh"] = means["attributed_kwh_mean"]
    sums["mean_low_kwh"] = means["attributed_kwh_low"]
    sums["mean_high_kwh"] = means["attributed_kwh_high"]
    sums = sums.reset_index()
    sums[KEYS] = sums["group"].str.split("\t", expand=True)
    nameless = sums["model"].eq("") & sums["command"].eq("")
    sums["unlike"] = nameless & (sums["group"].map(works).fillna(0) > 1)
    return sums.drop(columns="group")


def _commands(frame: pd.DataFrame) -> pd.Series:
    """The command line of each run of ``wattshed measure``, on one line; empty for other runs."""
    if "labels" not in frame:
        return pd.Series("", index=frame.index)
    texts = [
        str(json.loads(labels).get("command", "")) if stage == Stage.COMMAND and pd.notna(labels) else ""
        for stage, labels in zip(frame["stage"], frame["labels"], strict=True)
    ]
    return pd.Series([" ".join(text.split()) for text in texts], index=frame.index)


def print_totals(runs: pd.DataFrame, totals: pd.DataFrame, problems: list[str], ignored: int) -> None:
    console = open_console()
    hours = [name for name in ("cpu_hours", "gpu_hours") if totals[name].fillna(0).any()]
    titles = tuple(name[:3].upper() + "-hours" for name in hours)
    numbers = ("n", "time, h", *titles, "energy, Wh", "a run, Wh", "machine, Wh", "CO2e, g", "flagged")
    table = plain_table(f"{len(runs)} runs", "stage", "model", *numbers, "status", numeric=numbers)
    for row in totals.to_dict("records"):
        table.add_row(
            row["stage"],
            _name(row),
            str(row["runs"]),
            f"{row['duration_s'] / 3600:.3f}",
            *(_short(row[name]) for name in hours),
            _bound(row, _short(1000 * row["energy_kwh"])),
            _bound(row, _mean(row)),
            _bound(row, _short(1000 * row["machine_kwh"])),
            _bound(row, _short(1000 * row["co2e_kg"])),
            str(row["flagged"] or ""),
            row["energy_status"] if not row["lower_bound"] else f"{row['energy_status']}; {row['missing']}",
        )
    console.print(table)
    console.print(
        "Energy: the job's own; where a record has none, the machine's. Machine: all that the machine took while the "
        "job ran. A run: geometric mean of the finished runs and its 95 % interval; failed runs count only in "
        "sums. A dash means unknown, not zero."
    )
    if totals["unlike"].any():
        console.print(f"{UNLIKE} mean over jobs of different work: it describes none of them.", markup=False)
    for reason, count in missing_parts(runs).sum().items():
        if count:
            console.print(
                f"{count} runs: {reason}, so that their energy and every total with them is a lower bound.",
                style="yellow",
                markup=False,
            )
    flags = runs["flags"].dropna().str.split(", ").explode().value_counts()
    for flag, count in flags.drop(list(NOT_METERED), errors="ignore").items():
        hint = " (--ranks-once counts them once)" if flag == COUNTED_AGAIN else ""
        console.print(f"{count} runs: {flag}{hint}", style="yellow", markup=False)
    if runs["co2e_kg"].isna().any():
        unknown = int(runs["co2e_kg"].isna().sum())
        console.print(
            f"{unknown} runs have no mass: their place or energy is unknown (--country).", markup=False
        )
    if ignored:
        console.print(
            f"{ignored} CSV files are not from CodeCarbon and were left out, with other files of such names.",
            markup=False,
        )
    for sentence in problems[:SHOWN_PROBLEMS]:
        console.print(sentence, style="red", markup=False)
    if len(problems) > SHOWN_PROBLEMS:
        console.print(
            f"... and {len(problems) - SHOWN_PROBLEMS} more (all with --json).", style="red", markup=False
        )


def print_estimates(models: pd.DataFrame) -> None:
    """Print the sums of records and of retro-estimates in separate rows."""
    names = ("basis", "n", "known", "energy, Wh", "10-90 % range, Wh")
    table = plain_table("Records and retro-estimates", *names, numeric=("n", "known"))
    for row in separate_totals(models).to_dict("records"):
        low, high = (_short(1000 * row[f"energy_{end}_kwh"]) for end in ("low", "high"))
        table.add_row(
            str(row["basis"]),
            str(row["runs"]),
            str(row["known_runs"]),
            _short(1000 * row["energy_kwh"]),
            f"{low} to {high}" if low != "-" else "-",
        )
    open_console().print(table)


def write_all(
    folder: Path,
    runs: pd.DataFrame,
    windows: pd.DataFrame,
    models: pd.DataFrame,
    metrics: pd.DataFrame | None,
    error: str,
    limit_kg: float,
    unit: str,
) -> list[Path]:
    """Write frames as Parquet and CSV, figures as PDF and PNG, tables as LaTeX: those for which the runs have the
    data."""
    written = []
    for name, frame in (("runs", runs), ("windows", windows)):
        if len(frame):
            write_parquet(folder / f"{name}.parquet", frame)
            write_text(folder / f"{name}.csv", frame.to_csv(index=False))
            written += [folder / f"{name}.parquet", folder / f"{name}.csv"]
    figures = {"split": split_figure(runs, "stage")}
    if len(models):
        figures["energy"] = energy_box_figure(models)
    if models.get("data_country", pd.Series(dtype="string")).notna().any():
        quantity = "co2e_kg" if models["co2e_kg"].notna().any() else "energy_kwh"
        figures["heatmap"] = emissions_heatmap_figure(models, quantity)
    if len(windows) and {"value_validation_rmse", "window"} <= set(windows):
        curves = epoch_curves(windows)
        if len(curves):
            figures["overlay"] = overlay_figure(
                curves, f"Validation RMSE ({unit})" if unit else "Validation RMSE"
            )
    if metrics is not None and len(models):
        fronts = fronts_frame(models, metrics, error)
        figures["fronts"] = fronts_figure(fronts, unit, error)
        for scope in fronts["scope"].unique():
            for kind in COSTS:
                table = fronts_table(fronts, scope, unit, error, kind)
                written.append(_write_table(folder, table.name, render_table(table)))
        if {"mae", "r2"} <= set(metrics):
            for table in normalised_tables(normalised_metrics(models, metrics), unit):
                written.append(_write_table(folder, table.name, render_table(table)))
        leaders = low_carbon_leaders(models, metrics, limit_kg=limit_kg, metric=error)
        written.append(_write_table(folder, "leaders", render_table(leaders_table(leaders, unit))))
    for name, figure in figures.items():
        notes = run_notes(runs, "stage") if name == "split" else run_notes(models, "model")
        pdf, png = folder / f"{name}.pdf", folder / f"{name}.png"
        save_figure(figure, pdf, png, notes)
        written += [pdf, png]
    return written


def comparable_runs(runs: pd.DataFrame, windows: pd.DataFrame) -> pd.DataFrame:
    """Runs that count as repeats of their models: whole runs, else a study's trainings."""
    for stage in WHOLE_RUNS:
        found = runs[(runs["stage"] == stage) & runs["model"].notna()]
        if len(found):
            return found
    if len(windows) and windows["window"].isin(TRAINING_WINDOWS).any():
        return training_costs(windows, runs)
    return runs.iloc[:0]


def _write_table(folder: Path, name: str, latex: str) -> Path:
    path = folder / f"{name}.tex"
    write_text(path, latex)
    return path


def _bound(row: dict[Any, Any], text: str) -> str:
    return f"at least {text}" if row["lower_bound"] and text != "-" else text


def _name(row: dict[Any, Any]) -> str:
    """The model, else the measured command's beginning."""
    command = row["command"]
    return (
        row["model"]
        or (command if len(command) <= LONGEST_COMMAND else f"{command[:LONGEST_COMMAND]}...")
        or "-"
    )


def _mean(row: dict[Any, Any]) -> str:
    if pd.isna(row["mean_kwh"]):
        return "-"
    mean = _short(1000 * row["mean_kwh"]) + (f" {UNLIKE}" if row["unlike"] else "")
    if pd.isna(row["mean_low_kwh"]):
        return mean
    return f"{mean} [{_short(1000 * row['mean_low_kwh'])}, {_short(1000 * row['mean_high_kwh'])}]"


def _short(value: float) -> str:
    return "-" if pd.isna(value) else f"{value:.4g}"
