"""Claims about trainings and their errors."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from wattshed.accounts.claims.claim import Finding, change_interval, exactly
from wattshed.accounts.claims.results import Results
from wattshed.accounts.ladder.checks import RUN, training_checks, until_best, until_error
from wattshed.foundation.vocabulary import TRAINING_WINDOWS
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import mean_interval
from wattshed.statistics.ratios import ratio_interval

LADDER, ACCURACY, ENERGY = "table ladder", "table accuracy", "table energy"
NO_CONTROL = "this study does not train the source study's network"


def training_changes(results: Results, what: Literal["kwh", "s"]) -> Sequence[Finding] | str:
    """Change of energy or time, in per cent, until the control's least validation error, by the models of the chains.

    The control counts up to its best check. Both sides on the logarithmic scale, unpaired, as in the ladder.
    """
    control = results.control
    if control is None:
        return NO_CONTROL
    checks = checks_of(results)
    models = [name for name in _chain_models(results) if name != control]
    if checks.empty or control not in set(checks["model"]):
        return NO_CONTROL
    own = [run for _, run in checks[checks["model"] == control].groupby(RUN)]
    if any(run["validation_rmse"].isna().all() for run in own):
        return f"the validation error of {control} is not known"
    target = sum(float(run["validation_rmse"].min()) for run in own) / len(own)
    spent = [getattr(until_best(run), what) for run in own]
    found = []
    for model in models:
        reached = [until_error(run, target) for _, run in checks[checks["model"] == model].groupby(RUN)]
        if not reached or any(one is None for one in reached):
            continue
        ratio = ratio_interval([getattr(one, what) for one in reached], spent)
        if ratio.mean is not None:
            of = f"training {model} (the recipe of this study) to the least validation error of {control}"
            found.append(
                Finding(of, change_interval(ratio), LADDER if results.config.get("ladder") else ENERGY)
            )
    return found or f"no model that goes through a chain reaches the least validation error of {control}"


def determination(results: Results) -> Sequence[Finding] | str:
    """R2 on the test part: of the source study's network, and of the best model of all."""
    scores = results.frame("scores")
    if scores.empty:
        return "this study has no test errors"
    every = scores[scores["scope"] == "all"]
    best = str(every.groupby("model")["r2"].mean().idxmax())
    names = [name for name in results.reference_models if name in set(every["model"])]
    return [
        Finding(
            f"{name}{' (the best of all models)' if name == best else ''}",
            mean_interval(every.loc[every["model"] == name, "r2"]),
            ACCURACY,
        )
        for name in dict.fromkeys([*names, best])
    ]


def generalisation(results: Results) -> Sequence[Finding] | str:
    """Per cent by which the test RMSE of the source study's network is above its least validation RMSE."""
    scores, checks = results.frame("scores"), checks_of(results)
    found = []
    for name in results.reference_models:
        if scores.empty or checks.empty:
            break
        own = _errors(scores, name)
        least = checks[checks["model"] == name].groupby("seed")["validation_rmse"].min()
        gap = geometric_interval((own / least).dropna())
        if gap.mean is not None:
            found.append(Finding(name, change_interval(gap), ACCURACY))
    return found or NO_CONTROL


def parameters(results: Results) -> Sequence[Finding] | str:
    """Weights of the source study's network, counted: graph layers, recurrent layers, and output."""
    windows = results.config["data"]["windows"]
    # Only a panel that is not hourly says its steps.
    horizon = int(windows.get("horizon_steps") or windows["horizon_h"])
    found = []
    for name in results.reference_models:
        count = _counted(results.config["models"][name], horizon)
        found.append(Finding(f"{name}, counted", exactly(count), "configuration"))
    return found or NO_CONTROL


def _counted(model: Mapping[str, Any], horizon_steps: int) -> int:
    """Weights and biases of a network with these settings; a study of before may lack the later keys."""
    hidden = int(model["hidden"])
    channels = int(model.get("channels") or hidden)
    further_graph = int(model.get("graph_layers", 1)) - 1
    further_recurrent = int(model.get("recurrent_layers", 1)) - 1
    graph = 2 * channels + further_graph * (channels * channels + channels)
    recurrent = 3 * (channels * hidden + hidden * hidden) + 6 * hidden
    recurrent += further_recurrent * (6 * hidden * hidden + 6 * hidden)
    return graph + recurrent + hidden * horizon_steps + horizon_steps


def checks_of(results: Results) -> pd.DataFrame:
    """Checks of all trained models; empty without windows."""
    windows = results.frame("windows")
    if windows.empty:
        return pd.DataFrame()
    trained = set(windows.loc[windows["window"].isin(TRAINING_WINDOWS), "model"])
    return training_checks(windows, [name for name in results.config["models"] if name in trained])


def _chain_models(results: Results) -> list[str]:
    """Models from which checkpoints are adapted or compressed."""
    compared = results.frame("compared")
    return [] if compared.empty else [str(name) for name in compared["model"].unique()]


def _errors(scores: pd.DataFrame, model: str) -> pd.Series:
    """Test RMSE over all cells by seed."""
    return scores[(scores["model"] == model) & (scores["scope"] == "all")].set_index("seed")["rmse"]
