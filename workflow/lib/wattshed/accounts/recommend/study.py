"""What a recommendation needs of a study's folder."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from wattshed.accounts.recommend.checked import (
    CHECKPOINT_COLUMNS,
    DAY_COLUMNS,
    block_of,
    check_checkpoints,
    check_days,
    number_of,
    read_compared,
)
from wattshed.foundation.documents import KEYS, read_yaml
from wattshed.foundation.faults import Fault

# As in the study's block ``compression``.
DEFAULT_SHARE = 0.05


@dataclass(frozen=True)
class StudyResults:
    """checkpoints: rows of ``checkpoints.parquet``; days: of ``compared/*.days.parquet``; error_rise_share and
    r2_floor: as the study's block ``compression`` says; controls: its models on a shuffled graph; models: all;
    baselines: its forecasters without a checkpoint.
    """

    checkpoints: pd.DataFrame
    days: pd.DataFrame
    error_rise_share: float
    r2_floor: float | None
    controls: tuple[str, ...]
    models: tuple[str, ...]
    baselines: tuple[str, ...] = ()


def read_study(folder: Path) -> StudyResults:
    """The results of a finished study.

    Raises :class:`Fault` where there are none or no compared checkpoints, and where they are damaged.
    """
    if not folder.is_dir():
        raise Fault(
            f"{folder} is not a folder: expected the results of a study, such as results/homes; name it."
        )
    if not (folder / "config.yaml").is_file():
        raise Fault(
            f"{folder} has no config.yaml: expected the results of a finished study, such as results/homes; name it, "
            "or run snakemake first."
        )
    settings = folder / "config.yaml"
    config = read_yaml(settings, KEYS["config"])
    place = folder / "checkpoints.parquet"
    if not place.is_file():
        raise Fault(
            f"{folder} has no checkpoints.parquet: expected a study that compares checkpoints; give it strategies, "
            "variants or chains, and run snakemake again."
        )
    compression, models = block_of(config, "compression", settings), _models(config, settings)
    rise = number_of(
        compression, "error_budget_share", settings, "a share between 0 and 1, such as 0.05", above=0, below=1
    )
    floor = number_of(
        compression, "r2_floor", settings, "an R2 below 1, such as 0.5", above=-math.inf, below=1
    )
    checkpoints = read_compared([place], CHECKPOINT_COLUMNS)
    check_checkpoints(checkpoints, place)
    files = [folder / f"compared/{model}.days.parquet" for model in checkpoints["model"].unique()]
    days = read_compared(files, DAY_COLUMNS)
    check_days(days, files)
    share = DEFAULT_SHARE if rise is None else rise
    baselines = _baselines(config, settings)
    return StudyResults(checkpoints, days, share, floor, controls_of(models), tuple(models), baselines)


def controls_of(models: Mapping[str, Mapping[str, object]]) -> tuple[str, ...]:
    """Models on a shuffled graph."""
    return tuple(name for name, model in models.items() if model.get("graph") == "shuffled")


def _baselines(config: Mapping[str, object], place: Path) -> tuple[str, ...]:
    found = config.get("baselines") or []
    if not isinstance(found, list) or not all(isinstance(name, str) for name in found):
        raise Fault(
            f"{place}: baselines is {found!r}: expected a list of names; correct it, or run snakemake again."
        )
    return tuple(found)


def _models(config: Mapping[str, object], place: Path) -> dict[str, dict[str, object]]:
    models = block_of(config, "models", place)
    wrong = [name for name, model in models.items() if not isinstance(model, dict)]
    if wrong:
        raise Fault(
            f"{place}: models.{wrong[0]} is {models[wrong[0]]!r}: expected a block of keys; correct it, or run "
            "snakemake again."
        )
    return {str(name): model for name, model in models.items()}
