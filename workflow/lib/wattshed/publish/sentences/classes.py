"""How often a study of classes names the right one: controls, networks, and what plans of memory change, in plain
sentences."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import pandas as pd

from wattshed.publish.typesetting.table import plain
from wattshed.statistics.intervals import mean_interval
from wattshed.statistics.summaries import over_seeds


def class_sentences(
    classes: pd.DataFrame, models: Mapping[str, Any], recipes: Mapping[str, Any]
) -> list[str]:
    """Accuracy of the controls and of the networks, whether a network is above the best control, and the change of
    accuracy by each plan of memory.

    classes: ``accuracy/classes.parquet``; models, recipes: blocks of the resolved configuration by name. A model of
    the frame that is not among ``models`` is a control.
    """
    controls = {str(name): rows for name, rows in classes.groupby("model", sort=False) if name not in models}
    networks = {str(name): rows for name, rows in classes.groupby("model", sort=False) if name in models}
    first = classes.iloc[0]
    of = f"of the {int(first['windows'])} test windows"
    guess = f"A guess among {int(first['classes'])} classes is right in {_percent(first['chance'])} %"
    sentences = [f"{guess} {of}{_listed('; the controls are right in', controls)}."]
    if networks:
        sentences.append(f"The networks are right in{_listed('', networks)}{_against(networks, controls)}.")
    for plain_model, saving in memory_pairs(list(networks), models, recipes):
        sentences.append(_change(saving, networks[saving], plain_model, networks[plain_model]))
    return sentences


def memory_pairs(
    names: Sequence[str], models: Mapping[str, Any], recipes: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """Pairs of models that are one network and one training, without a memory plan and with one."""
    blocks = {name: _training(models[name], recipes) for name in names}
    found = []
    for one, other in combinations(names, 2):
        (alike, plan), (same, other_plan) = blocks[one], blocks[other]
        if alike == same and bool(plan) != bool(other_plan):
            found.append((other, one) if plan else (one, other))
    return found


def _training(model: Mapping[str, Any], recipes: Mapping[str, Any]) -> tuple[Any, Any]:
    """All settings of a model and its recipe without ``memory``, and those of ``memory``."""
    recipe = dict(recipes.get(str(model.get("recipe")), {}))
    plan = recipe.pop("memory", None)
    if plan and plan.get("level", "none") == "none" and not plan.get("mechanisms"):
        plan = None
    return ({key: value for key, value in model.items() if key != "recipe"}, recipe), plan


def _against(networks: Mapping[str, pd.DataFrame], controls: Mapping[str, pd.DataFrame]) -> str:
    """Where the most accurate network stands to the most accurate control; no test, so no verdict."""
    if not controls:
        return ""
    control, network = (max(of, key=lambda name: _accuracy(of[name])) for of in (controls, networks))
    more = _accuracy(networks[network]) - _accuracy(controls[control])
    if more == 0:
        return f", {network} as often as {control}, the best control"
    word = "more" if more > 0 else "less"
    return f"; {network} is right {_percent(abs(more))} percentage points {word} often than {control}, the best control"


def _change(saving: str, with_plan: pd.DataFrame, plain_model: str, without: pd.DataFrame) -> str:
    """Accuracy and log loss with a plan of memory, paired by seeds."""
    pairs = with_plan.merge(without, on="seed", suffixes=("", "_plain"))
    said = (
        f"{saving} is {plain_model} with a plan of memory: it is right in {_percent(_accuracy(with_plan))} % of them "
        f"instead of {_percent(_accuracy(without))} %{_paired(pairs)}"
    )
    losses = [plain(rows["log_loss"].mean(), 3) for rows in (with_plan, without)]
    return f"{said}. Its log loss is {losses[0]} instead of {losses[1]}."


def _paired(pairs: pd.DataFrame) -> str:
    """The change of accuracy seed by seed; empty without a common seed."""
    if pairs.empty:
        return ""
    found = over_seeds(mean_interval(100 * (pairs["accuracy"] - pairs["accuracy_plain"])))
    assert found.mean is not None
    n = f"n = {found.n} {'seed' if found.n == 1 else 'seeds'}"
    if found.n > 1 and (pairs["accuracy"] == pairs["accuracy_plain"]).all():
        return f", the same in each of {found.n} seeds"
    change = f", a change of {plain(found.mean, 1)} percentage points"
    if found.low is None or found.high is None:
        return f"{change} ({n})"
    told = ", so that no change is shown" if found.low <= 0 <= found.high else ""
    return f"{change} [{plain(found.low, 1)}, {plain(found.high, 1)}] (95 % over {n}){told}"


def _listed(lead: str, models: Mapping[str, pd.DataFrame]) -> str:
    if not models:
        return ""
    parts = []
    for name, rows in models.items():
        seeds = f", n = {len(rows)} seeds" if len(rows) > 1 else ""
        parts.append(f"{_percent(_accuracy(rows))} % ({name}{seeds})")
    return f"{lead} {', '.join(parts)}"


def _accuracy(rows: pd.DataFrame) -> float:
    return float(rows["accuracy"].mean())


def _percent(share: float) -> str:
    return plain(100 * share, 1)
