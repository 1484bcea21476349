"""A small study of classes: series whose regions are correlated in another way in each class, and a toy family."""

from pathlib import Path

import numpy as np

from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.data.panel import Panel
from wattshed.data.sources.cutting_series import Series, cut_panel, in_time
from wattshed.data.sources.labelled_block import LabelledBlock
from wattshed.data.sources.source import Cutting
from wattshed.data.splits import split_calendar
from wattshed.forecast.protocol import ForecastTask

REGIONS = 6
LENGTH = 20
# As a file beside a study's configuration.
TOY_FAMILY = """
from typing import Literal

from pydantic import Field

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Offer, SimpleFamily


class Settings(ModelBlock):
    form: Literal["toy_classes"] = Field(description="Two layers on the connectivity.")
    regions: int = Field(default=6, description="Regions.")
    hidden: int = Field(default=16, description="Units.")


def make(settings, windows, adjacency, seed):
    import torch
    from torch import nn

    from wattshed.forecast.network import Network

    class Toy(Network):
        takes = "examples"

        def __init__(self):
            super().__init__()
            self.widen = nn.Linear(settings.regions**2, settings.hidden)
            self.narrow = nn.Linear(settings.hidden, adjacency.shape[0])

        def forward(self, batch):
            flat = batch.connectivity.flatten(1)
            return self.narrow(torch.relu(self.widen(flat))).unsqueeze(1)

        def linear_maps(self):
            return {"widen": self.widen, "narrow": self.narrow}

    torch.manual_seed(seed)
    return Toy()


FAMILY = SimpleFamily(
    Settings, ("examples",), make, frozenset({Offer.UPDATES, Offer.LINEAR_MAPS}), torch_only=True
)
"""


def made_series(classes: int = 3, samples: int = 240, seed: int = 0) -> list[Series]:
    """One series per class: a mixture of its own of independent noise."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(classes):
        mixture = np.eye(REGIONS) + 0.8 * random.standard_normal((REGIONS, REGIONS))
        values = random.standard_normal((samples, REGIONS)) @ mixture
        found.append(Series(f"person_{number}", f"person_{number}", values.astype(np.float32), 2.0))
    return found


def classes_panel(classes: int = 3, samples: int = 240, seed: int = 0) -> Panel:
    series = made_series(classes, samples, seed)
    cutting = Cutting(LENGTH, 0.5, 0.2, 0.2)
    keys = LabelledBlock(kind="test", training_stride=5)
    regions = [f"region_{number}" for number in range(REGIONS)]
    stretches = in_time(series, cutting, keys.gap_samples)
    return cut_panel(series, regions, stretches, LENGTH, keys, "test", synthetic=True)


def classes_task(classes: int = 3, samples: int = 240, seed: int = 0) -> ForecastTask:
    windows = WindowsBlock(look_back_h=LENGTH, horizon_h=1)
    panel = classes_panel(classes, samples, seed)
    return ForecastTask(panel, split_calendar(panel, SplitsBlock(), windows), windows)


def write_toy_family(folder: Path) -> Path:
    path = folder / "toy_classes.py"
    path.write_text(TOY_FAMILY)
    return path


def write_series(folder: Path, classes: int = 3, samples: int = 240, seed: int = 0) -> None:
    """One CSV file per series, a column for each region."""
    folder.mkdir(parents=True)
    header = ",".join(f"region_{number}" for number in range(REGIONS))
    for one in made_series(classes, samples, seed):
        np.savetxt(
            folder / f"{one.name}.csv", one.values, delimiter=",", header=header, comments="", fmt="%.6g"
        )
