"""Judge choices by raw rows."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd

from wattshed.clocks.runs import COLUMNS, KNOBS
from wattshed.clocks.validating.baseline import LEAST_REPEATS, baseline_checks
from wattshed.clocks.validating.careful import careful_check
from wattshed.clocks.validating.checks import Check, Result, Validation
from wattshed.clocks.validating.contrasts import Contrasts
from wattshed.clocks.validating.limits import StatedLimits, check_asked, number, stated_limits
from wattshed.clocks.validating.raw_rows import RawRows, raw_rows, rows_of
from wattshed.clocks.validating.recommendation import monotone_check, number_checks, setting_checks
from wattshed.foundation.faults import Fault

STATUSES = ("use", "keep", "doubtful", "refused")


def validate(
    choice: Mapping[str, Any],
    frame: pd.DataFrame,
    *,
    legal: Sequence[int] | None = None,
    asked: Mapping[str, float | None] | None = None,
) -> Validation:
    """Recompute one choice document from the raw rows of its cell.

    frame: rows with the columns of ``clocks.runs``; other cells may be among them. legal: the settings that the GPU
    has; None: those that were measured. asked: limits that the choice must have kept (keys of the document's
    ``limits``). Raises :class:`Fault` for a table without the columns; a forged document fails its checks.
    """
    missing = [column for column in COLUMNS if column not in frame]
    if missing:
        raise Fault(
            f"the table of runs has no column {missing[0]!r}: expected those of a sweep; read it again."
        )
    about = _about(choice)
    raw = raw_rows(rows_of(frame, choice))
    if raw is None:
        return replace(about, reason="the recording holds no rows of this GPU, workload and knob")
    limits = stated_limits(choice)
    checks = [_document_check(choice, limits)]
    if limits is not None and asked:
        checks.append(check_asked(limits, asked))
    if choice.get("status") != "use":
        return _kept(about, choice, raw, limits, checks)
    checks += baseline_checks(choice, raw)
    if limits is None:
        return _concluded(about, checks)
    checks += setting_checks(choice, raw, limits, None if legal is None else tuple(legal))
    setting = about.setting
    if setting is None or setting not in raw.lower or len(raw.reference) < LEAST_REPEATS:
        return _concluded(about, checks)
    contrasts = Contrasts(raw)
    checks += number_checks(choice, setting, contrasts, limits)
    checks.append(monotone_check(raw, contrasts, str(choice.get("unit") or ""), setting))
    return _concluded(_with_numbers(about, setting, contrasts), checks)


def _about(choice: Mapping[str, Any]) -> Validation:
    setting, uuid = number(choice.get("setting")), choice.get("gpu_uuid")
    return Validation(
        gpu=str(choice.get("gpu")),
        gpu_uuid=None if uuid is None else str(uuid),
        workload=str(choice.get("workload")),
        knob=str(choice.get("knob")),
        status=str(choice.get("status")),
        setting=int(setting) if setting is not None and setting.is_integer() else None,
        result="not judged",
        reason="",
    )


def _document_check(choice: Mapping[str, Any], limits: StatedLimits | None) -> Check:
    knob = KNOBS.get(str(choice.get("knob")))
    problems = [
        name
        for name, wrong in (
            ("status", choice.get("status") not in STATUSES),
            ("unit", knob is None or choice.get("unit") != knob.unit),
            ("limits", limits is None),
        )
        if wrong
    ]
    return Check(
        "document",
        not problems,
        ", ".join(f"{name} = {choice.get(name)!r}" for name in problems) or "complete",
        "a known status, the knob's unit, and limits that are shares",
        "the document is complete and its parts fit together",
    )


def _kept(
    about: Validation,
    choice: Mapping[str, Any],
    raw: RawRows,
    limits: StatedLimits | None,
    checks: list[Check],
) -> Validation:
    unit = str(choice.get("unit") or "")
    checks.append(
        Check(
            "runs at the maximum",
            about.setting == raw.maximum == number(choice.get("maximum")),
            f"{choice.get('setting')} {unit}",
            f"{raw.maximum} {unit}",
            "what is not recommended stays at the largest setting that was measured",
        )
    )
    if choice.get("status") == "keep" and limits is not None and len(raw.reference) >= LEAST_REPEATS:
        checks.append(careful_check(raw, limits, unit))
        return _concluded(about, checks)
    concluded = _concluded(about, checks)
    if concluded.result == "fail":
        return concluded
    why = "the choice itself does not trust this sweep" if choice.get("status") != "keep" else "too few rows"
    return replace(concluded, result="not judged", reason=why)


def _concluded(about: Validation, checks: list[Check]) -> Validation:
    wrong = [check.name for check in checks if check.must and not check.passed]
    warnings = [check.name for check in checks if not check.must and not check.passed]
    result: Result = "fail" if wrong else "pass"
    reason = f"failed: {', '.join(wrong)}" if wrong else f"{sum(c.passed for c in checks)} checks passed"
    if warnings and not wrong:
        reason += f"; warnings: {', '.join(warnings)}"
    return replace(about, checks=tuple(checks), result=result, reason=reason)


def _with_numbers(about: Validation, setting: int, contrasts: Contrasts) -> Validation:
    time, energy = (contrasts.at(setting, column) for column in ("time_s", "energy_j"))
    return replace(
        about,
        method=contrasts.method,
        saving_share=number(-energy.share),
        saving_low=number(-energy.high),
        saving_high=number(-energy.low),
        slowdown_share=number(time.share),
        slowdown_low=number(time.low),
        slowdown_high=number(time.high),
        power_saving_share=number(contrasts.power_share(setting)),
    )
