"""What a baseline must offer, and how a study gets one by name. Does not import torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from wattshed.foundation import plugins
from wattshed.foundation.extending.checks import made_by
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import Information

if TYPE_CHECKING:
    import numpy as np

    from wattshed.data.graph import Graph
    from wattshed.forecast.protocol import ForecastTask


class Baseline(Protocol):
    """A forecaster that is fitted without gradient descent."""

    def fit(self) -> None:
        """Fit on the task's training part; the same call again gives the same forecasts."""
        ...

    def forecast(self, origins: np.ndarray) -> np.ndarray:
        """See :meth:`wattshed.forecast.protocol.Forecaster.forecast`."""
        ...


@dataclass(frozen=True)
class BaselineFactory:
    """The plug-in of a baseline.

    make: from task and graph to a baseline that is not yet fitted. It imports what it needs when it is called, and
    raises :class:`Fault` if a package is missing. sees: what its forecasts are made from; None if it is not declared.
    of_classes: whether it gives probabilities of classes, for a panel of labelled windows, in place of readings.
    """

    make: Callable[[ForecastTask, Graph], Baseline]
    sees: frozenset[Information] | None = None
    of_classes: bool = False


def make_baseline(name: str, task: ForecastTask, graph: Graph) -> Baseline:
    """The baseline of that name, not yet fitted.

    Raises :class:`Fault` for an unknown name, if a package is missing, and if the panel is not of its kind.
    """
    factory: BaselineFactory = plugins.load("baseline", name)
    if getattr(factory, "of_classes", False) != (task.panel.windows is not None):
        wanted, found = ("readings", "labelled windows")[:: 1 if task.panel.windows is not None else -1]
        raise Fault(
            f"the baseline {name!r} is for a panel of {wanted}, and this one ({task.panel.source}) holds {found}: "
            "take it out of baselines."
        )
    baseline: Baseline = made_by("baseline", name, factory.make(task, graph), ("fit", "forecast"))
    return baseline


def information_of_baseline(name: str) -> frozenset[Information] | None:
    """What the forecasts of a baseline are made from; None if its plug-in does not declare it."""
    sees: frozenset[Information] | None = getattr(plugins.load("baseline", name), "sees", None)
    return sees
