"""Sizes of a task: all that a prediction must know of data that need not be there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from wattshed.foundation.faults import Fault
from wattshed.law.predicting.plan import PanelSizes, edges_of, plan_of

if TYPE_CHECKING:
    from wattshed.config.study import Study
    from wattshed.engine.choice import Wanted
    from wattshed.forecast.examples import LabelledBatch
    from wattshed.forecast.neural import NeuralForecaster
    from wattshed.forecast.protocol import ForecastTask

# Of a labelled window beside its series: features of each region, as data/connectivity.py makes them.
FEATURES = 4


@dataclass(frozen=True)
class TaskSizes:
    """nodes, steps: of the panel, [T, N]; edges: of its graph, self loops included; validation_windows: that one look
    at the validation part forecasts; regions: of labelled windows, else 0; samples: of all their series, 0 to
    take windows that do not overlap; padded: whether any window is shorter than the others; batch: one of the
    data, from which a network notes sizes that depend on values, None where only sizes are known; engine: which back
    end may compute; device: ``cpu`` or ``cuda``.
    """

    nodes: int
    steps: int
    edges: int
    validation_windows: int
    regions: int = 0
    samples: int = 0
    padded: bool = False
    batch: LabelledBatch | None = field(default=None, compare=False, repr=False)
    engine: Wanted = "auto"
    device: Literal["cpu", "cuda"] = "cpu"

    @classmethod
    def of_study(cls, study: Study, model: str, panel: PanelSizes) -> TaskSizes:
        """Of one model's training in a study. Raises :class:`Fault` for a panel that is too short, and for a model of
        labelled windows that does not say how many regions it takes."""
        plan = plan_of(study, model, panel)
        regions = 0
        if study.recipe_of(model).sampling == "examples":
            regions = getattr(study.trained[model], "regions", 0)
            if not regions:
                raise Fault(
                    f"models.{model} has no key regions, so that the size of its labelled windows is not known: "
                    "expected the number of regions among the settings of its family; leave the model out (--model)."
                )
        looked = min(plan.fit.validation_windows, study.recipe_of(model).validation_windows)
        return cls(
            panel.nodes,
            panel.steps,
            edges_of(study, panel),
            looked,
            regions=regions,
            # Not known here: a bound.
            padded=regions > 0,
            engine=study.engine,
            device=study.device,
        )

    @classmethod
    def of_task(
        cls, forecaster: NeuralForecaster, task: ForecastTask, edges: int, validation_windows: int
    ) -> TaskSizes:
        """Of data that is there. validation_windows: the most that the recipe looks at."""
        nodes = len(task.panel.node_names)
        looked = min(len(task.origins(task.splits.validation)), validation_windows)
        series = forecaster.series
        device: Literal["cpu", "cuda"] = "cuda" if series.device.type == "cuda" else "cpu"
        return cls(nodes, len(task.panel.values), edges, looked, engine=series.engine, device=device)
