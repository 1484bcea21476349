"""A synthetic drift of known truth: what changes from month to month, and a network that lives through it."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import torch

from model_blocks import model_block
from small_study import graph_of
from wattshed.adaptation.stream import Labels, adapt_over_months, held_out_rows
from wattshed.adaptation.summary import summarise_adaptation
from wattshed.config.data.data import SplitsBlock
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.models.adaptation import read_strategy
from wattshed.config.models.recipes import RecipeBlock
from wattshed.data.panel import Panel
from wattshed.data.splits import split_calendar
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation import plugins
from wattshed.training.spec import ModelSpec, Step, make_forecaster
from wattshed.training.updates import Pace, Part, UpdateContext, UpdateHooks, train_further

CPU = torch.device("cpu")
# January to June are the base; each later month has its own shift of the daily pattern [h], which comes back in part,
# and its own level, in deviations of a node.
SHIFTS_H = (3.0, 5.0, 4.0, 1.0, 4.0, 3.0)
LEVELS = (1.0, 1.6, 1.2, 0.4, 1.4, 0.8)
BASE_MONTHS = 6
LOOK_BACK_H, HORIZON_H = 12, 6
HOURS = 24 * 365
# Of 365 days: 151 to train (January to May), 15 to validate, 15 to test; the stream begins on 1 July.
SPLITS = SplitsBlock(train_share=151 / 365, validation_share=15 / 365, test_share=15 / 365)
RECIPE = RecipeBlock(
    sampling="pairs",
    batch=256,
    epochs=4,
    steps_per_epoch=150,
    learning_rate=1e-2,
    schedule="cosine",
    scaling="node",
)


def drifting_panel(seed: int, nodes: int = 12) -> Panel:
    """Daily pattern with two harmonics + level + AR(1) noise, in deviations, times the size of each node.

    By month: the pattern shifts as :data:`SHIFTS_H` says, the level as :data:`LEVELS` says times a share of each node's
    own (of either sign), plus a small random walk of each node.
    """
    random = np.random.default_rng([seed, 17])
    times = np.datetime64("2021-01-01T00:00:00", "s") + np.arange(HOURS) * np.timedelta64(1, "h")
    month = pd.DatetimeIndex(times).month.to_numpy() - 1
    later = month - BASE_MONTHS
    shift = np.where(later < 0, 0.0, np.take(SHIFTS_H, np.maximum(later, 0)))
    common = np.where(later < 0, 0.0, np.take(LEVELS, np.maximum(later, 0)))
    own = random.choice([-1.0, 1.0], nodes) * random.uniform(0.5, 1.5, nodes)
    walk = (
        np.cumsum(0.15 * random.standard_normal((12, nodes)), axis=0)
        * (np.arange(12) >= BASE_MONTHS)[:, None]
    )
    hour = np.arange(HOURS)[:, None] - shift[:, None] - random.uniform(-1, 1, nodes)
    pattern = np.sin(2 * np.pi * hour / 24) + 0.6 * np.sin(4 * np.pi * hour / 24 + 1)
    noise = np.zeros((HOURS, nodes))
    shocks = 0.5 * random.standard_normal((HOURS, nodes))
    for t in range(1, HOURS):
        noise[t] = 0.6 * noise[t - 1] + shocks[t]
    values = random.uniform(0.5, 2, nodes) * (4 + pattern + common[:, None] * own + walk[month] + noise)
    table = pd.DataFrame(index=pd.Index([f"node_{index}" for index in range(nodes)], name="node"))
    observed = np.ones(values.shape, dtype=bool)
    return Panel(values.astype(np.float32), observed, times, table, "kWh", "UTC", "drift", synthetic=True)


def drift_task(panel: Panel) -> ForecastTask:
    windows = WindowsBlock(look_back_h=LOOK_BACK_H, horizon_h=HORIZON_H)
    return ForecastTask(panel, split_calendar(panel, SPLITS, windows), windows)


class NoMeter:
    """Windows without energy."""

    @contextmanager
    def window(self, name, **labels):
        yield type("Window", (), {"values": {}, "labels": {}})()


class Drift:
    """One panel and one seed: a network trained on the base part, from which each strategy starts."""

    def __init__(self, task: ForecastTask, seed: int, hidden: int = 8) -> None:
        self.task, self.graph = task, graph_of(task)
        block = model_block("gru", hidden=hidden, node_table=True)
        self.spec = ModelSpec("model", seed, block, RECIPE, task.windows)
        trained = self._forecaster()
        pace = Pace(RECIPE.epochs * RECIPE.steps_per_epoch, RECIPE.batch, RECIPE.learning_rate)
        hooks = _Cosine(UpdateContext(trained, task, self.spec, pace))
        train_further(hooks, Part("base", task.origins(task.splits.train), 0))
        self.weights = {name: value.clone() for name, value in trained.network.state_dict().items()}

    def adapted(self, name: str, keys: dict, pace: Pace) -> tuple[list[dict], list[pd.DataFrame]]:
        """Rows and errors by day of a strategy; keys: its block, with its kind."""
        settings = read_strategy(keys)
        if keys["kind"] == "joint" and not settings.continued:
            pace = Pace(RECIPE.epochs * RECIPE.steps_per_epoch, RECIPE.batch, RECIPE.learning_rate)
        forecaster = self._forecaster()
        forecaster.network.load_state_dict(self.weights)
        context = UpdateContext(forecaster, self.task, self.spec, pace, lambda: self._forecaster().network)
        hooks = plugins.load("strategy", keys["kind"]).start(settings, context)
        labels = Labels.of(self.spec.after(Step(name, "strategy", keys["kind"], {})))
        return adapt_over_months(hooks, labels, NoMeter())

    def untrained_rows(self) -> list[dict]:
        return held_out_rows(Labels.of_untrained(self.spec), self._forecaster(), self.task, 0)

    def _forecaster(self):
        return make_forecaster(self.spec, self.task, self.graph, CPU)


class _Cosine(UpdateHooks):
    def rate(self, step: int, steps: int) -> float:
        return 0.5 * super().rate(step, steps) * (1 + np.cos(np.pi * step / steps))


def summary_of(rows: list[dict]) -> pd.DataFrame:
    """One row per strategy and seed, as the workflow makes it."""
    none = pd.DataFrame(
        columns=["window", "lineage", "seed", "energy_kwh", "energy_status", "duration_s", "repeats"]
    )
    return summarise_adaptation(pd.DataFrame(rows), none)
