"""What every forecaster must offer, and the task that all of them get."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np

from wattshed.config.data.windows import WindowsBlock
from wattshed.data.connectivity import WindowParts, window_parts
from wattshed.data.panel import Panel
from wattshed.data.scaling import fit_scaler
from wattshed.data.splits import Segment, Splits
from wattshed.data.windows import fill_gaps, targets
from wattshed.foundation.faults import Fault


class Forecaster(Protocol):
    """A fitted model."""

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        """Forecast the ``horizon`` steps from each origin on, from the steps before it.

        origins: int64 [B], index of the first target step. Returns float32 [B, H, N] in the panel's unit.
        """
        ...


@dataclass(frozen=True)
class ForecastTask:
    """A panel with its splits and window lengths: everything that a model may use."""

    panel: Panel
    splits: Splits
    windows: WindowsBlock

    def __post_init__(self) -> None:
        """Raises :class:`Fault` for windows that were cut at another step than the panel's."""
        if self.windows.step_minutes != self.panel.step_minutes:
            raise Fault(
                f"data.windows has a step of {self.windows.step_minutes} minutes and the panel from "
                f"{self.panel.source} one of {self.panel.step_minutes}: expected the panel's; build it again."
            )

    @classmethod
    def read(cls, panel: Path | str, splits: Path | str, windows: WindowsBlock) -> "ForecastTask":
        found = Panel.read(panel)
        return cls(found, Splits.read(splits, found), windows)

    @cached_property
    def filled(self) -> np.ndarray:
        """The panel's values with gaps filled from the past, for histories only [T, N]."""
        panel = self.panel
        means = fit_scaler(panel.values, panel.observed, self.splits.train, "node").mean
        return fill_gaps(panel.values, means, panel.steps_per_day)

    @cached_property
    def examples(self) -> WindowParts:
        """What networks read of all rows of a panel of classes; made once for all networks."""
        assert self.panel.windows is not None
        return window_parts(self.panel.windows)

    @property
    def panel_digest(self) -> str:
        """The panel's digest: a checkpoint knows its panel by it."""
        return self.panel.digest

    def origins(self, segment: Segment) -> np.ndarray:
        """First target steps of the segment's windows [B]."""
        windows = self.windows
        return segment.origins(windows.look_back_steps, windows.horizon_steps, windows.steps_per_week)

    def truth(self, origins: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values and observed mask of the target steps, both [B, H, N]; only observed cells may be scored."""
        horizon = self.windows.horizon_steps
        return targets(self.panel.values, origins, horizon), targets(self.panel.observed, origins, horizon)


def evenly_spaced(origins: np.ndarray, most: int) -> np.ndarray:
    """At most ``most`` of the origins, evenly spread and in order."""
    if len(origins) <= most:
        return origins
    return origins[np.linspace(0, len(origins) - 1, most).round().astype(np.int64)]
