"""Costs of a study's models for several tables and figures; computed once per process."""

import pandas as pd

from wattshed.accounts.comparison.accuracy_means import errors_by_seed
from wattshed.accounts.comparison.comparable import training_costs
from wattshed.accounts.comparison.fronts import fronts_frame
from wattshed.publish.parts.inputs import Inputs

ERROR = "rmse"


def costs_of(inputs: Inputs) -> pd.DataFrame:
    """Energy and mass of one training per model and seed. Needs the inputs ``runs`` and ``windows``."""
    windows, runs = inputs.frame("windows"), inputs.frame("runs")
    return inputs.once("training costs", lambda: training_costs(windows, runs))


def fronts_of(inputs: Inputs) -> pd.DataFrame:
    """Error against energy and mass with both fronts. Needs the inputs ``runs``, ``windows`` and ``scores``."""
    costs, scores = costs_of(inputs), inputs.frame("scores")
    return inputs.once("fronts", lambda: fronts_frame(costs, errors_by_seed(scores), ERROR))
