"""What ``wattshed clocks choose`` writes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from wattshed.clocks.cells import KEYS
from wattshed.clocks.deploying.document import deployment
from wattshed.clocks.deploying.folder import write_deployment
from wattshed.clocks.deploying.systemd import slug
from wattshed.clocks.validating.raw_rows import raw_rows, rows_of
from wattshed.commands.clocks.recordings import CHOICES, RUNS
from wattshed.foundation.writing import whole_file, write_json, write_parquet, write_text
from wattshed.publish.clock_report.choice_page import choice_page
from wattshed.publish.clock_report.curves_figure import curves_figure
from wattshed.publish.clock_report.front_figure import front_figure
from wattshed.publish.drawing.figure_style import save_figure
from wattshed.statistics.geometric import geometric_interval


def write_choices(
    folder: Path,
    source: str,
    frame: pd.DataFrame,
    choices: Sequence[Mapping[str, Any]],
    validations: Sequence[Mapping[str, Any]],
    *,
    timestamp_utc: str,
    version: str,
    notes: Sequence[str] = (),
) -> dict[str, Any]:
    """Write all files below ``folder``; returns the deployment document.

    ``choices.json``, by which the folder is known, is written first, so that a run that was killed can be repeated.
    """
    # Refuses what must not get into a command before anything is written.
    deployment(choices, validations, timestamp_utc=timestamp_utc, version=version)
    write_json(folder / CHOICES, {"source": source, "choices": list(choices)}, sealed=True)
    write_json(folder / "validation.json", {"validations": list(validations)}, sealed=True)
    write_parquet(folder / RUNS, frame)
    with whole_file(folder / "settings.csv") as temporary:
        settings_table(frame, choices).to_csv(temporary, index=False)
    deployed, _ = write_deployment(folder, choices, validations, timestamp_utc=timestamp_utc, version=version)
    document = deployed.model_dump(mode="json")
    figures = _draw(folder / "figures", frame, choices)
    page = choice_page(
        source, choices, validations, list(document["configurations"].values()), figures, notes
    )
    write_text(folder / "report.html", page)
    return document


def settings_table(frame: pd.DataFrame, choices: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Per cell and setting: runs, runs that count, geometric means of time, power and energy with 95 % intervals."""
    rows = []
    for choice in choices:
        cell = rows_of(frame, choice)
        counted = counted_rows(cell)
        for setting, here in cell.groupby("setting"):
            used = here[counted.loc[here.index]]
            row: dict[str, Any] = {key: choice[key] for key in KEYS}
            row |= {"setting": setting, "unit": choice["unit"], "runs": len(here), "runs_counted": len(used)}
            for column in ("time_s", "power_w", "energy_j"):
                found = geometric_interval(used[column].astype(float))
                row |= {column: found.mean, f"{column}_low": found.low, f"{column}_high": found.high}
            rows.append(row)
    return pd.DataFrame(rows)


def counted_rows(cell: pd.DataFrame) -> pd.Series:
    """Which rows of a cell (with a plain index) count, as the validation sees them."""
    raw = raw_rows(cell)
    if raw is None:
        return pd.Series(False, index=cell.index)
    return pd.Series(cell.index.isin(raw.rows.index), index=cell.index)


def _draw(folder: Path, frame: pd.DataFrame, choices: Sequence[Mapping[str, Any]]) -> list[dict[str, Path]]:
    """PDF and PNG of each cell's figures; returns the PNG files by figure. Figures of an earlier run are removed."""
    folder.mkdir(parents=True, exist_ok=True)
    for stale in [*folder.glob("*.pdf"), *folder.glob("*.png")]:
        stale.unlink()
    drawn = []
    for place, choice in enumerate(choices, 1):
        cell = rows_of(frame, choice)
        name = f"{place:02}-{slug(choice['gpu'], choice['workload'], choice['knob'])}"
        files: dict[str, Path] = {}
        for kind, figure in (
            ("curves", curves_figure(cell, counted_rows(cell), choice)),
            ("front", front_figure(choice)),
        ):
            if figure is not None:
                files[kind] = folder / f"{name}.{kind}.png"
                save_figure(figure, folder / f"{name}.{kind}.pdf", files[kind])
        drawn.append(files)
    return drawn
