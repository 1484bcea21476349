"""Claims about trainings and their errors."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd

from wattshed.accounts.claims.claim import Finding, change_interval, exactly, percent_interval
from wattshed.accounts.claims.results import Results
from wattshed.accounts.ladder.checks import RUN, training_checks, until_best, until_error, whole_runs
from wattshed.foundation.vocabulary import TRAINING_WINDOWS, Part
from wattshed.statistics.by_day import errors_by_day
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import mean_interval
from wattshed.statistics.ratios import ratio_interval

LADDER, ACCURACY, ENERGY = "table ladder", "table accuracy", "table energy"
FULL_PRECISION = "fp32"
NO_CONTROL = "this study does not train the source study's network"


def training_changes(results: Results, what: Literal["kwh", "s"]) -> Sequence[Finding] | str:
    """Change of energy or time, in per cent, until the control's least validation error, by the models of the chains.

    The control counts up to its best check. Both sides on the logarithmic scale, unpaired, as in the ladder.
    """
    control = results.control
    if control is None:
        return NO_CONTROL
    checks = _checks(results)
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


def recipe_energies(results: Results, *keys: str) -> Sequence[Finding] | str:
    """Change of training energy, in per cent, by one key of the recipe, where two models differ in nothing else."""
    checks = _checks(results)
    found = []
    for model, control in _differing(results.config, keys):
        own, its = (checks[checks["model"] == name] for name in (model, control))
        if own.empty or its.empty:
            continue
        ratio = ratio_interval(whole_runs(own)["training_kwh"], whole_runs(its)["training_kwh"])
        if ratio.mean is not None:
            found.append(Finding(f"training {model} against {control}", change_interval(ratio), ENERGY))
    return found or _none_differ(keys)


def recipe_errors(results: Results, *keys: str) -> Sequence[Finding] | str:
    """Change of test RMSE, in per cent over seeds and blocks of days, by one key of the recipe alone."""
    days = results.frame("days")
    if days.empty:
        return "this study has no test errors by day"
    found = []
    for model, control in _differing(results.config, keys):
        test = days[(days["part"] == Part.TEST) & days["model"].isin([model, control])]
        if test["model"].nunique() == 2:
            errors = errors_by_day(test, "model", "rmse", f"{model} and {control}")
            change = percent_interval(errors.against(model, control))
            found.append(Finding(f"{model} against {control}, RMSE", change, ACCURACY))
    return found or _none_differ(keys)


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
    scores, checks = results.frame("scores"), _checks(results)
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
    horizon = int(results.config["data"]["windows"]["horizon_h"])
    found = []
    for name in results.reference_models:
        count = _counted(results.config["models"][name], horizon)
        found.append(Finding(f"{name}, counted", exactly(count), "configuration"))
    return found or NO_CONTROL


def _counted(model: Mapping[str, Any], horizon_h: int) -> int:
    """Weights and biases of a network with these settings; a study of before may lack the later keys."""
    hidden = int(model["hidden"])
    channels = int(model.get("channels") or hidden)
    further_graph = int(model.get("graph_layers", 1)) - 1
    further_recurrent = int(model.get("recurrent_layers", 1)) - 1
    graph = 2 * channels + further_graph * (channels * channels + channels)
    recurrent = 3 * (channels * hidden + hidden * hidden) + 6 * hidden
    recurrent += further_recurrent * (6 * hidden * hidden + 6 * hidden)
    return graph + recurrent + hidden * horizon_h + horizon_h


def _checks(results: Results) -> pd.DataFrame:
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


def _differing(config: Mapping[str, Any], keys: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of models that differ in one of these keys of their recipes alone, the one that saves work first."""
    recipes, pairs = config["recipes"], []
    for model, block in config["models"].items():
        for control, other in config["models"].items():
            if block["recipe"] is None or other["recipe"] is None:
                continue
            own, its = recipes[block["recipe"]], recipes[other["recipe"]]
            differ = [key for key in {*own, *its} if own.get(key) != its.get(key)]
            if {**block, "recipe": ""} != {**other, "recipe": ""} or len(differ) != 1:
                continue
            if differ[0] in keys and _saves(own[differ[0]], its[differ[0]]):
                pairs.append((model, control))
    return pairs


def _saves(own: Any, its: Any) -> bool:
    """Whether the first value means less work: a smaller number, or half instead of full precision."""
    return its == FULL_PRECISION if isinstance(own, str) else bool(own < its)


def _none_differ(keys: Sequence[str]) -> str:
    return f"no two models of this study differ in {' or '.join(keys)} alone"
