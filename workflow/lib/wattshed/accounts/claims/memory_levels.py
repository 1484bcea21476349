"""Claims about memory: what levels and mechanisms saved and cost in this study, and how well its classes are told."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np

from wattshed.accounts.claims.claim import Finding, change_percent
from wattshed.accounts.claims.results import Results
from wattshed.config.memory.study import BASE
from wattshed.memory.accounting.megabytes import MB
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


def plain_mb_per_example(results: Results, form: str) -> Sequence[Finding] | str:
    """Measured peak of the plain step of a form's models, in MB for each example of a batch; over cells."""
    steps = results.frame(STEPS)
    if steps.empty:
        return NONE_MEASURED
    plain = steps[(steps["level"] == BASE) & (steps["form"] == form) & steps["measured_peak_bytes"].notna()]
    return [
        Finding(
            f"{model}, plain step, {'1 cell' if len(own) == 1 else f'range of {len(own)} cells'}",
            # Counted, as shares of the peak are.
            _over_cells([float(value) for value in own["measured_peak_bytes"] / own["batch"] / MB], True),
            TRAINING,
            exact=True,
        )
        for model, own in plain.groupby("model", sort=False)
    ] or f"this study measures no plain step of a {form}"


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
    # A level that found nothing to do in a network is the plain step.
    rows = rows[rows["mechanisms"].fillna("") != ""]
    found = []
    for (model, level), own in rows.groupby(["model", "level"], sort=False):
        values = [make(float(value)) for value in own[column]]
        cells = "1 cell" if len(values) == 1 else f"{len(values)} cells"
        if column in COUNTED and len(values) > 1:
            cells = f"range of {cells}"
        what = f"{model}, {level}{' alone' if alone else ''}, {cells} of length and batch"
        found.append(
            Finding(what, _over_cells(values, column in COUNTED), TABLES[column], exact=column in COUNTED)
        )
    return found


def _over_cells(values: Sequence[float], counted: bool) -> Interval:
    """Their mean with its interval; of counted bytes, whose cells chance has no part in, the range of the cells."""
    if counted:
        return Interval(float(np.mean(values)), min(values), max(values), len(values))
    return mean_interval(values)


def _lacking(results: Results, plans: Collection[str], what: str) -> str:
    steps = results.frame(STEPS)
    if steps.empty:
        return NONE_MEASURED
    named = " or ".join(plans)
    asked = steps[steps["level"].isin(plans) & (steps["level"] != BASE)]
    if asked.empty:
        return f"this study does not measure the {what} {named}{' alone' if what == 'mechanism' else ''}"
    if (asked["mechanisms"].fillna("") == "").all():
        return f"the {what} {named} finds nothing to do in the networks of this study"
    return f"the {what} {named} was predicted here and not measured"
