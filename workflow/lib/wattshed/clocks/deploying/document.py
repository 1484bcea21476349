"""The production document: for each GPU and workload the setting to run at, with what is known of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from wattshed.clocks.deploying.monitoring import thresholds
from wattshed.clocks.deploying.nvidia_smi import commands
from wattshed.clocks.deploying.schema import (
    Baseline,
    Configuration,
    Deployment,
    Judged,
    Limits,
    Share,
    Slowdown,
    SlowdownClass,
)
from wattshed.clocks.runs import SIMULATED

METHODOLOGY = (
    "Least energy (or the stated metric) within the slowdown limit, against the warm maximum setting; shares of the "
    "baseline with 95 % intervals; positive slowdown is slower, positive saving is less energy. A setting is deployed "
    "only if independent code recomputed it from the raw rows."
)
# Upper ends of the classes, in the order of severity.
CLASSES: tuple[tuple[float, SlowdownClass], ...] = (
    (0.10, "acceptable"),
    (0.20, "noticeable"),
    (0.30, "significant"),
    (0.50, "large"),
)


def slowdown_class(share: float) -> SlowdownClass:
    """The class of a slowdown with its sign: below 0 it is ``faster``, however much."""
    if share < 0:
        return "faster"
    return next((name for end, name in CLASSES if share <= end), "unacceptable")


def deployment(
    choices: Sequence[Mapping[str, Any]],
    validations: Sequence[Mapping[str, Any]],
    *,
    timestamp_utc: str,
    version: str,
) -> Deployment:
    """The document of all choices.

    choices: choice documents; validations: of each, as ``validation.json`` holds them. Only a choice whose status is
    ``use`` and that passed validation is deployed; all others keep the maximum and say why.
    """
    found: dict[str, Configuration] = {}
    for choice, validation in zip(choices, validations, strict=True):
        found[_key(choice, found)] = configuration(choice, validation)
    return Deployment(
        timestamp_utc=timestamp_utc, version=version, methodology=METHODOLOGY, configurations=found
    )


def configuration(choice: Mapping[str, Any], validation: Mapping[str, Any]) -> Configuration:
    """One entry of the document."""
    recommended = choice["status"] == "use" and validation["result"] == "pass"
    # An invented GPU has no clock to lock.
    deployed = recommended and choice["label"] != SIMULATED
    limits = choice["limits"]
    setting = int(choice["setting"] if recommended else choice["maximum"])
    slowdown, saving = _slowdown(choice), _share(choice, "saving")
    watched = None
    if deployed:
        energy_j, expected = choice["baseline_energy_j"], None
        if energy_j is not None and saving is not None:
            expected = energy_j * (1 - saving.share)
        watched = thresholds(
            choice["knob"], setting, choice["baseline_time_s"], expected, limits["max_slowdown_share"]
        )
    return Configuration(
        gpu=choice["gpu"],
        gpu_uuid=choice.get("gpu_uuid"),
        workload=choice["workload"],
        knob=choice["knob"],
        unit=choice["unit"],
        measured_as=choice["label"],
        recommended=recommended,
        deployed=deployed,
        setting=setting,
        reason=_reason(choice, validation, recommended),
        baseline=Baseline(
            setting=choice["maximum"],
            repeats=choice["baseline_repeats"],
            time_s=choice["baseline_time_s"],
            energy_j=choice["baseline_energy_j"],
        ),
        slowdown=slowdown,
        energy_saving=saving,
        power_saving_share=validation.get("power_saving_share"),
        estimator=choice["estimator"],
        limits=Limits(**{name: limits.get(name) for name in Limits.model_fields}),
        validation=Judged(
            result=validation["result"],
            reason=validation["reason"],
            failed=[one["name"] for one in validation["checks"] if one["must"] and not one["passed"]],
            warnings=[one["name"] for one in validation["checks"] if not one["must"] and not one["passed"]],
        ),
        commands=commands(choice["knob"], setting, choice.get("gpu_uuid")) if deployed else None,
        monitoring=watched,
    )


def _key(choice: Mapping[str, Any], taken: Mapping[str, Any]) -> str:
    """GPU + workload; where that is taken, also the uuid, the knob, and a number."""
    key = f"{choice['gpu']} + {choice['workload']}"
    for more in (choice.get("gpu_uuid"), choice["knob"]):
        if key in taken and more:
            key += f" + {more}"
    count = 2
    unique = key
    while unique in taken:
        unique, count = f"{key} + {count}", count + 1
    return unique


def _share(choice: Mapping[str, Any], name: str) -> Share | None:
    share, low, high = (choice.get(f"{name}_{part}") for part in ("share", "low", "high"))
    return None if share is None or low is None or high is None else Share(share=share, low=low, high=high)


def _slowdown(choice: Mapping[str, Any]) -> Slowdown | None:
    found, limit = _share(choice, "slowdown"), choice["limits"]["max_slowdown_share"]
    if found is None:
        return None
    return Slowdown(
        share=found.share,
        low=found.low,
        high=found.high,
        category=slowdown_class(found.share),
        limit_share=limit,
        acceptable=found.high <= limit,
    )


def _reason(choice: Mapping[str, Any], validation: Mapping[str, Any], recommended: bool) -> str:
    if recommended:
        return str(choice["reason"])
    if choice["status"] == "use":
        return (
            f"keep the maximum, because the validation of {choice['setting']} {choice['unit']} says "
            f"{validation['result']} ({validation['reason']})"
        )
    why = str(choice["reason"]).removeprefix(f"{choice['status']}: ")
    return f"keep the maximum, because {why}"
