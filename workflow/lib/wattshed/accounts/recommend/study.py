"""What a recommendation needs of a study's folder."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wattshed.foundation.documents import KEYS, read_yaml
from wattshed.foundation.faults import Fault
from wattshed.foundation.frames import COLUMNS, read_frame, read_frames


@dataclass(frozen=True)
class StudyResults:
    """checkpoints: rows of ``checkpoints.parquet``; days: of ``compared/*.days.parquet``; error_rise_share and
    r2_floor: as the study's block ``compression`` says; controls: its models on a shuffled graph; models: all.
    """

    checkpoints: pd.DataFrame
    days: pd.DataFrame
    error_rise_share: float
    r2_floor: float | None
    controls: tuple[str, ...]
    models: tuple[str, ...]


def read_study(folder: Path) -> StudyResults:
    """The results of a finished study. Raises :class:`Fault` where there are none, or no compared checkpoints."""
    if not folder.is_dir():
        raise Fault(
            f"{folder} is not a folder: expected the results of a study, such as results/homes; name it."
        )
    if not (folder / "config.yaml").is_file():
        raise Fault(
            f"{folder} has no config.yaml: expected the results of a finished study, such as results/homes; name it, "
            "or run snakemake first."
        )
    config = read_yaml(folder / "config.yaml", KEYS["config"])
    place = folder / "checkpoints.parquet"
    if not place.is_file():
        raise Fault(
            f"{folder} has no checkpoints.parquet: expected a study that compares checkpoints; give it strategies, "
            "variants or chains, and run snakemake again."
        )
    checkpoints = read_frame(place, COLUMNS["checkpoints"])
    if checkpoints.empty:
        raise Fault(f"{place} has no rows: expected compared checkpoints; delete it and run snakemake again.")
    files = [folder / f"compared/{model}.days.parquet" for model in checkpoints["model"].unique()]
    compression = config.get("compression") or {}
    return StudyResults(
        checkpoints,
        read_frames(files, COLUMNS["compared_days"]),
        compression.get("error_budget_share", 0.05),
        compression.get("r2_floor"),
        controls_of(config.get("models") or {}),
        tuple(config.get("models") or {}),
    )


def controls_of(models: dict[str, dict[str, object]]) -> tuple[str, ...]:
    """Models on a shuffled graph."""
    return tuple(name for name, model in models.items() if model.get("graph") == "shuffled")
