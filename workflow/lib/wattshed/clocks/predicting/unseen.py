"""Time and energy of a workload that was probed at one to three settings only, at every setting of its GPU."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from wattshed.clocks.predicting.cell_curve import CellCurve
from wattshed.clocks.predicting.law_model import predict_by_law
from wattshed.clocks.predicting.prior_model import LEAST_CELLS, Forecast, PriorModel, pick_within, tune
from wattshed.foundation.faults import Fault

# Two-sided 90 % of the normal law.
SPREAD = 1.645


def predict_unseen(
    rows: pd.DataFrame, settings: Sequence[float], training: Sequence[CellCurve], max_slowdown_share: float
) -> pd.DataFrame:
    """One row per setting: ``setting, time_s, time_low_s, time_high_s, energy_j, picked, model``.

    rows: the probes (``clocks.runs.COLUMNS``), several repeats count by their median; the maximum must be among them.
    settings: all legal ones. training: curves of other workloads; with fewer than three the laws through the probes
    answer, without an interval (NaN). Raises :class:`Fault` if the maximum was not probed, or if one probe has nothing
    to learn from.
    """
    seen = rows.groupby("setting")[["time_s", "power_w"]].median()
    wanted = np.array(sorted({*map(float, settings), *map(float, seen.index)}))
    if float(seen.index.max()) < wanted[-1]:
        raise Fault(
            f"the probes reach {seen.index.max():g}, but the largest setting is {wanted[-1]:g}: expected a probe at "
            "the maximum, which slowdowns and savings are relative to; measure it."
        )
    blank = _probed(rows.iloc[0], seen, wanted)
    places = tuple(int(np.flatnonzero(wanted == setting)[0]) for setting in seen.index)
    reference_s, reference_w = float(seen["time_s"].iloc[-1]), float(seen["power_w"].iloc[-1])
    if len(training) >= LEAST_CELLS:
        shares = tuple(float(blank.shares[place]) for place in places)
        tuning = tune(training, shares, max_slowdown_share)
        found = PriorModel(training, tuning.shrinkage).predict(blank, places, blank.shares)
        picked, model = pick_within(found, tuning.caution, max_slowdown_share), "prior"
        half = SPREAD * found.time_sd
    else:
        found = _by_laws(blank, places, len(training))
        picked, model = pick_within(found, 0.0, max_slowdown_share), "law"
        half = np.full(len(wanted), np.nan)
    time, power = found.time, found.power
    return pd.DataFrame(
        {
            "setting": wanted,
            "time_s": reference_s * time,
            "time_low_s": reference_s * time * np.exp(-half),
            "time_high_s": reference_s * time * np.exp(half),
            "energy_j": reference_s * time * reference_w * power,
            "picked": np.arange(len(wanted)) == picked,
            "model": model,
        }
    )


def _probed(first: pd.Series, seen: pd.DataFrame, wanted: np.ndarray) -> CellCurve:
    """The cell as far as it is known. first: one of its rows; seen: medians by setting; wanted: all settings [C].

    Between probes nothing is known yet: only the places of the probes are read.
    """
    return CellCurve(
        gpu=str(first["gpu"]),
        workload=str(first["workload"]),
        family=str(first["workload"]),
        settings=wanted,
        time_s=np.ones(len(wanted)),
        power_w=np.ones(len(wanted)),
        probe_time_s=np.interp(wanted, seen.index, seen["time_s"]),
        probe_power_w=np.interp(wanted, seen.index, seen["power_w"]),
        probes_apart=True,
    )


def _by_laws(curve: CellCurve, places: tuple[int, ...], others: int) -> Forecast:
    """By the laws through the probes at ``places``, without a spread. others: number of other workloads, for the
    sentence. Raises :class:`Fault` for one probe alone."""
    probes = list(places)
    law = predict_by_law(
        curve.shares[probes], curve.probe_time_s[probes], curve.probe_power_w[probes], curve.shares
    )
    if law is None:
        raise Fault(
            f"one probe and {others} other workloads: expected at least {LEAST_CELLS} swept workloads to "
            "learn from, or two more probes, such as at 70 % and 50 % of the maximum."
        )
    return Forecast(*law, np.zeros(len(curve.shares)))
