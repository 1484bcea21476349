"""Claims about techniques of training: models of a study that differ in one key of model or recipe."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from wattshed.accounts.claims.claim import Finding, change_interval, percent_interval, upper_end
from wattshed.accounts.claims.results import Results
from wattshed.accounts.claims.trainings import ACCURACY, ENERGY, checks_of
from wattshed.accounts.ladder.checks import whole_runs
from wattshed.accounts.ladder.techniques import energy_ratios, paired_ratio
from wattshed.foundation.vocabulary import Part
from wattshed.statistics.by_day import ERRORS, errors_by_day


def _less(own: Any, its: Any) -> bool:
    return bool(own < its)


def _more(own: Any, its: Any) -> bool:
    return bool(own > its)


# The source study's first phase: key -> whether the first value uses the technique more than the second one.
PHASE_1: Mapping[str, Callable[[Any, Any], bool]] = {
    "precision": lambda own, its: own != "fp32" and its == "fp32",
    "batch": _more,
    "accumulate": _more,
    "patience": _less,
    "min_delta": _more,
    "patience_warm_up_epochs": _more,
    "layer_rates": lambda own, its: bool(own) and not its,
    "edge_keep_share": _less,
    "node_keep_share": _less,
    "minimum_edge_weight": _more,
    "aggregate": lambda own, its: own == "precomputed" and its != "precomputed",
}
# Keys that are parts of one technique: together they are not the phase.
PARTS_OF = {
    "patience": "early stopping",
    "min_delta": "early stopping",
    "patience_warm_up_epochs": "early stopping",
    "edge_keep_share": "sampling",
    "node_keep_share": "sampling",
}
NO_PHASE = "no model of this study uses several of the first phase's techniques on its control"


def technique_energies(results: Results, *keys: str) -> Sequence[Finding] | str:
    """Change of a whole training's energy, in per cent and paired over seeds, by one of these keys alone."""
    return _energies(results, _one_key(results.config, keys)) or _none_differ(keys)


def technique_errors(results: Results, *keys: str) -> Sequence[Finding] | str:
    """Change of the test error, in per cent over seeds and blocks of days, by one of these keys alone; of RMSE and MAE
    the one that may have risen more."""
    if results.frame("days").empty:
        return "this study has no test errors by day"
    return _errors(results, _one_key(results.config, keys)) or _none_differ(keys)


def phase_energies(results: Results) -> Sequence[Finding] | str:
    """As :func:`technique_energies`, of models that use several of the first phase's techniques on the control."""
    return _energies(results, _phase(results)) or NO_PHASE


def phase_errors(results: Results) -> Sequence[Finding] | str:
    """As :func:`technique_errors`, of the same models."""
    return _errors(results, _phase(results)) or NO_PHASE


def _energies(results: Results, pairs: Collection[tuple[str, str]]) -> list[Finding]:
    checks = checks_of(results)
    if checks.empty:
        return []
    runs, found = whole_runs(checks), []
    for model, control in pairs:
        ratio = paired_ratio(energy_ratios(runs, control, model))
        if ratio.mean is not None:
            found.append(Finding(f"training {model} against {control}", change_interval(ratio), ENERGY))
    return found


def _errors(results: Results, pairs: Collection[tuple[str, str]]) -> list[Finding]:
    days, found = results.frame("days"), []
    if days.empty:
        return []
    for model, control in pairs:
        test = days[(days["part"] == Part.TEST) & days["model"].isin([model, control])]
        if test["model"].nunique() < 2:
            continue
        both = []
        for error in ERRORS:
            spread = errors_by_day(test, "model", error, f"{model} and {control}").against(model, control)
            of = f"{model} against {control}, {error.upper()}"
            both.append(Finding(of, percent_interval(spread), ACCURACY))
        found.append(max(both, key=upper_end))
    return found


def _one_key(config: Mapping[str, Any], keys: Collection[str]) -> list[tuple[str, str]]:
    """Pairs of models that differ in one of these keys alone, the one that uses the technique first."""
    return [
        (model, control)
        for model in config["models"]
        for control in config["models"]
        if len(differ := _differing(config, model, control)) == 1
        and differ[0] in keys
        and _uses(config, differ[0], model, control)
    ]


def _phase(results: Results) -> list[tuple[str, str]]:
    """Models that differ from the control in several techniques of the first phase and in nothing else."""
    config, control = results.config, results.control
    if control is None or control not in config["models"]:
        return []
    found = []
    for model in config["models"]:
        differ = _differing(config, model, control)
        used = all(key in PHASE_1 and _uses(config, key, model, control) for key in differ)
        if used and len({PARTS_OF.get(key, key) for key in differ}) > 1:
            found.append((model, control))
    return found


def _differing(config: Mapping[str, Any], model: str, control: str) -> list[str]:
    """Keys of model and recipe that differ; empty where one of them has no recipe."""
    own, its = (_settings(config, name) for name in (model, control))
    if own is None or its is None:
        return []
    return sorted(key for key in {*own, *its} if own.get(key) != its.get(key))


def _settings(config: Mapping[str, Any], model: str) -> dict[str, Any] | None:
    block = dict(config["models"][model])
    recipe = block.pop("recipe")
    return None if recipe is None else {**config["recipes"][recipe], **block}


def _uses(config: Mapping[str, Any], key: str, model: str, control: str) -> bool:
    own, its = (_settings(config, name) or {} for name in (model, control))
    return key in own and key in its and PHASE_1[key](own[key], its[key])


def _none_differ(keys: Collection[str]) -> str:
    return f"no two models of this study differ in {' or '.join(keys)} alone"
