"""Forecasts on disk, with what is needed to score them again."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wattshed.foundation.tensor_file import read_tensors, write_tensors


@dataclass(frozen=True)
class Forecasts:
    """origins: int64 [B], first target steps; values: float32 [S, B, H, N] in the panel's unit; S seeds."""

    origins: np.ndarray
    values: np.ndarray
    seeds: list[int]

    def write(self, path: Path | str) -> None:
        tensors: dict[str, np.ndarray] = {
            "origins": self.origins.astype(np.int64),
            "forecast": self.values.astype(np.float32),
        }
        write_tensors(path, tensors, {"seeds": self.seeds}, kind="forecasts")

    @classmethod
    def read(cls, path: Path | str) -> "Forecasts":
        """What :meth:`write` wrote; raises :class:`Fault` for a damaged, altered or foreign file."""
        tensors, about = read_tensors(path, kind="forecasts", keys=("seeds",))
        return cls(tensors["origins"], tensors["forecast"], about["seeds"])
