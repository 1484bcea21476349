"""All that a study left on disk for its report, read once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from wattshed.data.panel import Panel
from wattshed.foundation.frames import read_frame, read_frames
from wattshed.foundation.tensor_file import read_tensors


@dataclass(frozen=True)
class StudyResults:
    """Frames as in docs/architecture.md; ``degrees`` [N] without self loops, ``graph_method`` how it was made.

    ``ladder`` is None where the study has none.
    """

    config: dict[str, Any]
    panel: Panel
    splits: dict[str, Any]
    degrees: np.ndarray
    graph_method: str
    quality: pd.DataFrame
    scores: pd.DataFrame
    runs: pd.DataFrame
    windows: pd.DataFrame
    frontier: pd.DataFrame
    adaptation: pd.DataFrame
    matrix: pd.DataFrame
    compression: pd.DataFrame
    sweep: pd.DataFrame
    choice: dict[str, Any]
    ladder: pd.DataFrame | None = None


def read_results(
    *,
    config: Path,
    panel: Path,
    splits: Path,
    graph: Path,
    quality: Path,
    scores: Path,
    runs: Path,
    windows: Path,
    frontier: Path,
    adaptation: Path,
    matrices: list[Path],
    compression: list[Path],
    sweep: Path,
    choice: Path,
    ladder: Sequence[Path] = (),
) -> StudyResults:
    """Read every input of the report. Raises :class:`Fault` naming the file that cannot be read."""
    degrees, method = read_degrees(graph)
    return StudyResults(
        config=yaml.safe_load(config.read_text(encoding="utf-8")),
        panel=Panel.read(panel),
        splits=json.loads(splits.read_text(encoding="utf-8")),
        degrees=degrees,
        graph_method=method,
        quality=read_frame(quality),
        scores=read_frame(scores),
        runs=read_frame(runs),
        windows=read_frame(windows),
        frontier=read_frame(frontier),
        adaptation=read_frame(adaptation),
        matrix=read_frames(matrices),
        compression=read_frames(compression),
        sweep=read_frame(sweep),
        choice=json.loads(choice.read_text(encoding="utf-8")),
        ladder=read_frames(list(ladder)) if ladder else None,
    )


def read_degrees(path: Path | str) -> tuple[np.ndarray, str]:
    """Neighbours per node [N] without self loops, and the graph's method, of ``graph.safetensors``."""
    tensors, about = read_tensors(path)
    return np.diff(tensors["indptr"]) - 1, about["method"]
