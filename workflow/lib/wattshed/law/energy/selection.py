"""Were points removed by the error of the model that is judged on them?

A model looks better on points that were kept because it fits them. Such data give themselves away: no point errs by
more than a round limit, although the errors inside it are spread so widely that some should.
"""

from dataclasses import dataclass

import numpy as np

from wattshed.foundation.faults import Fault
from wattshed.law.energy.model import EnergyModel
from wattshed.law.energy.models import energy_model
from wattshed.law.energy.points import SELECTED, EnergyPoints

BAND = 0.25
# Of points without any selection, fewer than one set in a thousand with normal errors is called selected.
LEVEL = 1e-3
FEWEST_ROWS = 50


@dataclass(frozen=True)
class Selection:
    """What the errors of a model's own fit show.

    band: the limit [share of the measured energy]. inside: share of points within it. worst: the largest error.
    spread: of the errors, from their quartiles. expected_outside: points that normal errors of this spread would
    have outside the band. chance: of none outside. selected: all inside, and the chance is below 0.1 %.
    """

    model: str
    band: float
    rows: int
    inside: float
    worst: float
    spread: float
    expected_outside: float
    chance: float
    selected: bool

    def sentence(self) -> str:
        """What was found, with the label where points look selected."""
        start = (
            f"{self.inside:.1%} of {self.rows:,} points lie within {self.band:.0%} of {self.model}'s own fit "
            f"(the largest error is {self.worst:.2f}); errors of this spread would leave "
            f"{self.expected_outside:.1f} outside"
        )
        return f"{start}: {SELECTED}." if self.selected else f"{start}: no sign of a selection by outcome."


def detect_selection(points: EnergyPoints, model: EnergyModel | None = None, band: float = BAND) -> Selection:
    """Look for a selection by a model's own error.

    model: what is fitted to all points; default: ordinary least squares. band: the suspected limit, a share between 0
    and 1. The spread comes from the quartiles, which a cut in the tails hardly moves; heavy tails of honest errors
    make the rule more careful. Errors that are bounded for another reason (a uniform misfit) look selected too, so the
    verdict is a reason to ask for the removed points. Raises Fault below 50 points.
    """
    from scipy.special import ndtr

    if not 0 < band < 1:
        raise Fault(f"the band of a selection is {band:g}: give a share between 0 and 1, such as 0.25.")
    if len(points) < FEWEST_ROWS:
        raise Fault(
            f"{points.source} has {len(points)} measured steps; a selection shows from {FEWEST_ROWS} on: give more."
        )
    model = model or energy_model("least_squares")
    errors = model.fit(points).predict(points) / points.energy_j - 1
    low, middle, high = np.quantile(errors, [0.25, 0.5, 0.75])
    spread = float(high - low) / 1.349
    inside, worst = float((np.abs(errors) <= band).mean()), float(np.abs(errors).max())
    if spread > 0:
        outside = float(ndtr((-band - middle) / spread) + ndtr((middle - band) / spread))
        chance = float(np.exp(len(errors) * np.log1p(-min(outside, 1 - 1e-16))))
    else:
        outside, chance = 0.0, 1.0
    return Selection(
        model=model.name,
        band=band,
        rows=len(errors),
        inside=inside,
        worst=worst,
        spread=spread,
        expected_outside=outside * len(errors),
        chance=chance,
        selected=inside == 1.0 and chance < LEVEL,
    )


def smallest_round_band(points: EnergyPoints, model: EnergyModel | None = None, step: float = 0.05) -> float:
    """The smallest multiple of 5 % that holds all errors of a model's own fit: at least one step, at most 95 %."""
    model = model or energy_model("least_squares")
    worst = float(np.abs(model.fit(points).predict(points) / points.energy_j - 1).max())
    steps = np.clip(np.ceil(round(worst / step, 9)), 1, round(1 / step) - 1)
    return float(round(step * steps, 9))


@dataclass(frozen=True)
class CitedFit:
    """Measures of fit that the source's notebook prints; the points are not released, so they cannot be recomputed."""

    points: int
    r2_train: float
    r2_test: float
    mae_j: float
    kept_points: int
    paper_r2: float

    @property
    def kept_share(self) -> float:
        return self.kept_points / self.points


# Energy_Modeling.ipynb of MansMayaki/MLEnergyConsumption, cells 10 to 12, and the paper.
CITED = CitedFit(97_851, 0.5622, 0.5665, 22.65, 33_770, 0.958)
CITED_FROM = (
    "Energy_Modeling.ipynb, cells 10 to 12, of MansMayaki/MLEnergyConsumption (cited, not recomputed)"
)
