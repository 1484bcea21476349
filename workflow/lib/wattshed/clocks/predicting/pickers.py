"""Ways to pick a setting for a workload that was not swept, and the opponents that any of them must beat."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from wattshed.clocks.predicting.cell_curve import CellCurve
from wattshed.clocks.predicting.law_model import predict_by_law
from wattshed.clocks.predicting.prior_model import Forecast, PriorModel, pick_within

FIXED_SHARE = 0.8


@dataclass(frozen=True)
class Known:
    """What a picker may use: the other cells, the limit, the probes of the cell (places of its settings), and the model
    that the other cells taught with its caution, if they were enough."""

    training: tuple[CellCurve, ...]
    max_slowdown_share: float
    probes: tuple[int, ...]
    prior: PriorModel | None
    caution: float


Picker = Callable[[CellCurve, Known], int | None]


def maximum(curve: CellCurve, known: Known) -> int:
    """The largest setting, which saves nothing and keeps every limit."""
    return len(curve.settings) - 1


def fixed_share(curve: CellCurve, known: Known) -> int:
    """80 % of the maximum, whatever the workload."""
    return curve.nearest(FIXED_SHARE)


def median_optimum(curve: CellCurve, known: Known) -> int | None:
    """The median of the best relative settings of the same GPU's other workloads; of all GPUs if there are none."""
    same = [other for other in known.training if other.gpu == curve.gpu] or list(known.training)
    if not same:
        return None
    shares = [float(other.shares[other.best_within(known.max_slowdown_share)]) for other in same]
    return curve.nearest(float(np.median(shares)))


def tuned_share(curve: CellCurve, known: Known) -> int | None:
    """The relative setting that saves most on the other cells of the same GPU, where breaking the limit saves nothing.

    It is tuned for the same aim as the models, and uses no probe.
    """
    same = [other for other in known.training if other.gpu == curve.gpu] or list(known.training)
    if not same:
        return None

    def worth(share: float) -> float:
        places = [other.nearest(share) for other in same]
        return sum(
            other.saving(place)
            for other, place in zip(same, places, strict=True)
            if other.slowdown(place) <= known.max_slowdown_share
        )

    return curve.nearest(max(curve.shares[::-1].tolist(), key=worth))


def best_probe(curve: CellCurve, known: Known) -> int:
    """The probe of least measured energy within the limit: the same information, and no model."""
    places = np.array(known.probes)
    times, powers = curve.probe_time_s[places], curve.probe_power_w[places]
    within = times <= (1 + known.max_slowdown_share) * curve.probe_time_s[-1]
    return int(places[int(np.where(within, times * powers, np.inf).argmin())])


def law(curve: CellCurve, known: Known) -> int | None:
    """Laws through the probes of this cell alone."""
    places = np.array(known.probes)
    found = predict_by_law(
        curve.shares[places], curve.probe_time_s[places], curve.probe_power_w[places], curve.shares
    )
    if found is None:
        return None
    return pick_within(Forecast(*found, np.zeros(len(curve.shares))), 0.0, known.max_slowdown_share)


def prior(curve: CellCurve, known: Known) -> int | None:
    """The joint law of the other cells, conditioned on this cell's probes."""
    if known.prior is None:
        return None
    forecast = known.prior.predict(curve, known.probes, curve.shares)
    return pick_within(forecast, known.caution, known.max_slowdown_share)


OPPONENTS: dict[str, Picker] = {
    "maximum": maximum,
    "fixed_80": fixed_share,
    "median_optimum": median_optimum,
    "tuned_share": tuned_share,
    "best_probe": best_probe,
}
MODELS: dict[str, Picker] = {"law": law, "prior": prior}
# The opponent that a model must beat at least; the strongest one is named beside it.
TO_BEAT = "median_optimum"
