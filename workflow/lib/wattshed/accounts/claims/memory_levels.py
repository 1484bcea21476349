"""Claims about memory: what levels and mechanisms saved and cost in this study, and how well its classes are told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from wattshed.accounts.claims.claim import (
    Finding,
    change_interval,
    change_percent,
    exactly,
    percent_interval,
    upper_end,
)
from wattshed.accounts.claims.results import Results
from wattshed.config.memory.study import BASE
from wattshed.foundation.vocabulary import Part
from wattshed.statistics.by_day import ERRORS, errors_by_day
from wattshed.statistics.geometric import geometric_interval
from wattshed.statistics.intervals import Interval, mean_interval

STEPS, CLASSES = "memory_steps", "classes"
NONE_MEASURED = "this study measures no memory levels"
TRAINING, SPEED, INFERENCE = "table memory_training", "table memory_speed", "table memory_inference"
TABLES = {
    "measured_peak_share": TRAINING,
    "saved_share": TRAINING,
    "step_share": SPEED,
    "executed_share": SPEED,
    "inference_speed_up": INFERENCE,
}
# Bytes are counted: chance has no part in a cell's number.
COUNTED = ("measured_peak_share", "saved_share")
PERCENT = 100


def level_changes(results: Results, column: str, *levels: str) -> Sequence[Finding] | str:
    """Change against the plain step, in per cent, by model and level; intervals over cells of length and batch."""
    return _found(results, column, levels, change_percent, alone=False) or _lacking(results, levels, "level")


def alone_changes(results: Results, column: str, *mechanisms: str) -> Sequence[Finding] | str:
    """The same of mechanisms that were measured alone."""
    return _found(results, column, mechanisms, change_percent, alone=True) or _lacking(
        results, mechanisms, "mechanism"
    )


def level_speed_ups(results: Results, *levels: str) -> Sequence[Finding] | str:
    """How many times as fast forecasts are as without the level."""
    return _found(results, "inference_speed_up", levels, float, alone=False) or _lacking(
        results, levels, "level"
    )


def alone_speed_ups(results: Results, *mechanisms: str) -> Sequence[Finding] | str:
    """The same of mechanisms that were measured alone."""
    return _found(results, "inference_speed_up", mechanisms, float, alone=True) or _lacking(
        results, mechanisms, "mechanism"
    )


def recipe_errors(results: Results, mechanism: str) -> Sequence[Finding] | str:
    """Change of the test error, in per cent over seeds and blocks of days, by a mechanism of the recipe alone; of RMSE
    and MAE the one that may have risen more."""
    days = results.frame("days")
    lacking = f"no two models of this study differ in {mechanism} alone"
    if days.empty:
        return lacking
    found = []
    for model, control in _pairs(results, mechanism):
        test = days[(days["part"] == Part.TEST) & days["model"].isin([model, control])]
        if test["model"].nunique() < 2:
            continue
        both = [
            Finding(
                f"{model} against {control}, {error.upper()}",
                percent_interval(
                    errors_by_day(test, "model", error, f"{model} and {control}").against(model, control)
                ),
                "table accuracy",
            )
            for error in ERRORS
        ]
        found.append(max(both, key=upper_end))
    return found or lacking


def recipe_latencies(results: Results, mechanism: str) -> Sequence[Finding] | str:
    """Change of a forecast's time, in per cent over seeds, by a mechanism of the recipe alone; of compared models."""
    compared, found = results.frame("compared"), []
    for model, control in _pairs(results, mechanism) if len(compared) else ():
        own, its = (
            compared[compared["lineage"] == name].set_index("seed")["latency_s_per_window"]
            for name in (model, control)
        )
        ratio = geometric_interval((own / its).dropna())
        if ratio.mean is not None:
            found.append(
                Finding(
                    f"forecasts of {model} against {control}", change_interval(ratio), "table checkpoints"
                )
            )
    return found or f"no two compared models of this study differ in {mechanism} alone"


def executed_changes(results: Results) -> Sequence[Finding] | str:
    """Change of the computed share of gated blocks, in per cent, in each training's last epoch; over seeds."""
    windows = results.frame("windows")
    column = "value_executed_share"
    if column not in windows or windows[column].isna().all():
        return "no training of this study has a gate"
    last = (
        windows[windows[column].notna()].sort_values("epoch").groupby(["model", "seed"], sort=False).tail(1)
    )
    return [
        Finding(f"last epochs of {model}", mean_interval(PERCENT * (rows[column] - 1)), SPEED)
        for model, rows in last.groupby("model", sort=False)
    ]


def accuracy_over_majority(results: Results, form: str, majority: str) -> Sequence[Finding] | str:
    """Percentage points by which models of a form classify more windows than the commonest class does, over seeds."""
    classes = results.frame(CLASSES)
    if classes.empty:
        return "this study has no classes"
    shares = classes.groupby(["model", "seed"], sort=False)["accuracy"].mean()
    if majority not in shares.index.get_level_values("model"):
        return f"this study does not fit the baseline {majority}"
    least = float(shares[majority].mean())
    models = [name for name, block in results.config["models"].items() if block["form"] == form]
    return [
        Finding(
            f"{name}, windows of the test part",
            mean_interval(PERCENT * (shares[name] - least)),
            "table classes",
        )
        for name in models
        if name in shares.index.get_level_values("model")
    ] or f"no model of this study is a {form}"


def with_published(
    published: Finding | Sequence[Finding], measure: Callable[[Results], Sequence[Finding] | str]
) -> Callable[[Results], Sequence[Finding] | str]:
    """What is known of the document's own code, before what this study measured; a study without a measurement of its
    own leaves the claim unmeasured."""
    known = [published] if isinstance(published, Finding) else list(published)

    def measured(results: Results) -> Sequence[Finding] | str:
        own = measure(results)
        return own if isinstance(own, str) or not own else [*known, *own]

    return measured


def _found(
    results: Results, column: str, plans: Collection[str], make: Callable[[float], float], *, alone: bool
) -> list[Finding]:
    """One finding per model and plan, over its measured cells."""
    steps = results.frame(STEPS)
    if steps.empty:
        return []
    rows = steps[steps["level"].isin(plans) & (steps["alone"].fillna(False) == alone) & steps[column].notna()]
    found = []
    for (model, level), own in rows.groupby(["model", "level"], sort=False):
        values = [make(float(value)) for value in own[column]]
        cells = "1 cell" if len(values) == 1 else f"{len(values)} cells"
        what = f"{model}, {level}{' alone' if alone else ''}, {cells} of length and batch"
        found.append(
            Finding(what, _over_cells(values, column in COUNTED), TABLES[column], exact=column in COUNTED)
        )
    return found


def _over_cells(values: Sequence[float], counted: bool) -> Interval:
    """Their mean with its interval; without spread where one cell was counted, or all cells are alike."""
    if counted and max(values) - min(values) < 1e-9:
        return exactly(values[0])
    return mean_interval(values)


def _lacking(results: Results, plans: Collection[str], what: str) -> str:
    steps = results.frame(STEPS)
    if steps.empty:
        return NONE_MEASURED
    named = " or ".join(plans)
    asked = steps[steps["level"].isin(plans) & (steps["level"] != BASE)]
    if asked.empty:
        return f"this study does not measure the {what} {named}{' alone' if what == 'mechanism' else ''}"
    return f"the {what} {named} was predicted here and not measured"


def _pairs(results: Results, mechanism: str) -> list[tuple[str, str]]:
    """Pairs of models that differ in this mechanism of their recipes alone, the one that has it first."""
    settings = {name: _settings(results, name, mechanism) for name in results.config["models"]}
    known = {name: found for name, found in settings.items() if found is not None}
    return [
        (model, control)
        for model, (has, rest) in known.items()
        for control, (lacks, others) in known.items()
        if has and not lacks and rest == others
    ]


def _settings(results: Results, model: str, mechanism: str) -> tuple[bool, dict[str, object]] | None:
    """Whether a model's recipe names the mechanism, and all its other settings; None without a recipe."""
    block = dict(results.config["models"][model])
    name = block.pop("recipe", None)
    if name is None:
        return None
    recipe = dict(results.config["recipes"][name])
    memory = {"level": BASE, "limit_mb": None, **(recipe.pop("memory", None) or {})}
    kinds = [one["kind"] for one in memory.get("mechanisms") or []]
    memory["mechanisms"] = [one for one in memory.get("mechanisms") or [] if one["kind"] != mechanism]
    return mechanism in kinds, {**block, "recipe": recipe, "memory": memory}
