"""What a setting may be good at: numbers from the time T [s] and the energy E [J] of one call.

=====================  ==============  ======  ========================================================
metric                 unit            better  value
=====================  ==============  ======  ========================================================
energy                 J               lower   E
edp                    J s             lower   E T (energy-delay product; Gonzalez and Horowitz 1996)
ed2p                   J s^2           lower   E T^2 (Martin 2001)
response_time          s               lower   T
throughput_per_watt    calls/s/W       higher  (1 / T) / (E / T) = 1 / E
user_experience        J in time       lower   E, if T is within the slowdown limit; else by T alone
energy_per_task        J               lower   E; one call is one task
inference_efficiency   calls/(J s)     higher  1 / (E T)
=====================  ==============  ======  ========================================================

The plan that this follows names the last five for its workloads, but defines none of them; the definitions here are
wattshed's. So ``throughput_per_watt`` and ``energy_per_task`` order settings as ``energy`` does, and
``inference_efficiency`` as ``edp`` does. Of ``user_experience`` a user notices that an answer comes in time, and
nothing beyond that; so the least energy among the answers in time is best.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

# Over every cost of a setting that is in time: energies relative to the maximum are far below it.
OUT_OF_TIME = 1e6

Cost = Callable[[np.ndarray, np.ndarray, float], np.ndarray]


@dataclass(frozen=True)
class Metric:
    """cost: from energy and time (arrays of one shape, relative to the maximum) and the largest time in the limit;
    the lowest cost is best. value: in the metric's own unit, from one call's energy [J] and time [s].
    """

    unit: str
    cost: Cost
    value: Callable[[float, float], float]


def _energy(energy: np.ndarray, time: np.ndarray, most_time: float) -> np.ndarray:
    return energy


def _edp(energy: np.ndarray, time: np.ndarray, most_time: float) -> np.ndarray:
    return energy * time


def _ed2p(energy: np.ndarray, time: np.ndarray, most_time: float) -> np.ndarray:
    return energy * time**2


def _time(energy: np.ndarray, time: np.ndarray, most_time: float) -> np.ndarray:
    return time


def _in_time(energy: np.ndarray, time: np.ndarray, most_time: float) -> np.ndarray:
    return np.where(time <= most_time, energy, OUT_OF_TIME * time)


METRICS: dict[str, Metric] = {
    "energy": Metric("J", _energy, lambda energy_j, time_s: energy_j),
    "edp": Metric("J s", _edp, lambda energy_j, time_s: energy_j * time_s),
    "ed2p": Metric("J s^2", _ed2p, lambda energy_j, time_s: energy_j * time_s**2),
    "response_time": Metric("s", _time, lambda energy_j, time_s: time_s),
    "throughput_per_watt": Metric("calls/s/W", _energy, lambda energy_j, time_s: 1 / energy_j),
    "user_experience": Metric("J in time", _in_time, lambda energy_j, time_s: energy_j),
    "energy_per_task": Metric("J", _energy, lambda energy_j, time_s: energy_j),
    "inference_efficiency": Metric("calls/(J s)", _edp, lambda energy_j, time_s: 1 / energy_j / time_s),
}
