"""A device profile from the JSON object of its file."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from wattshed.law.operations.operation import Direction, Kind
from wattshed.law.profile.device_profile import CalibrationRecord, DeviceIdentity, DeviceProfile, TimeLaw

# No calibration misses by more than e^50; beyond e^709 an interval's end is not finite.
MOST_LOG_ERROR = 50.0


class Damaged(ValueError):
    """What is wrong with a profile's content, as a part of a sentence."""


def profile_from(content: Mapping[str, Any]) -> DeviceProfile:
    """Raises :class:`Damaged` for a missing key, a value of another type, an unknown kind, or a law twice."""
    power_w = {
        name: _above_0(value, f"power_w.{name}") for name, value in _mapping(content, "power_w").items()
    }
    if "default" not in power_w:
        raise Damaged("power_w has no key 'default'")
    return DeviceProfile(
        device=_device(_mapping(content, "device")),
        calibration=_calibration(_mapping(content, "calibration")),
        laws=_laws(_list(content, "laws")),
        power_w=power_w,
        overhead_s=_not_negative(content, "overhead_s"),
        step_factor=_above_0(_key(content, "step_factor"), "step_factor"),
        cold_byte_s=_not_negative(content, "cold_byte_s"),
        log_errors={
            family: [_log_error(value, f"log_errors.{family}") for value in _list(errors, family)]
            for errors in (_mapping(content, "log_errors"),)
            for family in errors
        },
        points={
            part: [dict(_as_mapping(row, f"points.{part}")) for row in _list(points, part)]
            for points in (_mapping(content, "points"),)
            for part in points
        },
    )


def _device(found: Mapping[str, Any]) -> DeviceIdentity:
    kind, engine = _text(found, "kind"), _text(found, "engine")
    threads = _key(found, "threads")
    if kind not in ("cpu", "cuda"):
        raise Damaged(f"device.kind is {kind!r}")
    if engine not in ("torch", "fused_cpu", "fused_cuda"):
        raise Damaged(f"device.engine is {engine!r}")
    if engine != "torch" and not engine.endswith(kind):
        raise Damaged(f"device.engine is {engine!r} on a device of kind {kind!r}")
    if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
        raise Damaged(f"device.threads is {threads!r}")
    return DeviceIdentity(kind, _text(found, "name"), threads, _text(found, "torch"), engine)  # type: ignore[arg-type]


def _calibration(found: Mapping[str, Any]) -> CalibrationRecord:
    few = _list(found, "few_points")
    return CalibrationRecord(
        made=_text(found, "made"),
        wattshed=_text(found, "wattshed"),
        seconds=_number(found, "seconds"),
        energy_j=_number(found, "energy_j"),
        energy_status=_text(found, "energy_status"),
        energy_source=_text(found, "energy_source"),
        seed=int(_number(found, "seed")),
        few_points=tuple(str(name) for name in few),
    )


def _laws(rows: list[Any]) -> dict[tuple[Kind, Direction], TimeLaw]:
    laws: dict[tuple[Kind, Direction], TimeLaw] = {}
    for row in rows:
        row = _as_mapping(row, "laws")
        try:
            key = Kind(_text(row, "kind")), Direction(_text(row, "direction"))
        except ValueError as error:
            if isinstance(error, Damaged):
                raise
            raise Damaged(f"laws: {error}") from error
        if key in laws:
            raise Damaged(f"there are two laws of {key[0]} {key[1]}")
        where = f"{key[0]} {key[1]}"
        coefficients = _mapping(row, "coefficients")
        low, high = _not_negative(row, "flops_low"), _not_negative(row, "flops_high")
        if low > high:
            raise Damaged(f"{where}: flops_low is {low:g}, above flops_high, {high:g}")
        laws[key] = TimeLaw(
            form=_text(row, "form"),
            coefficients={
                name: _not_below_0(value, f"{where}: {name}") for name, value in coefficients.items()
            },
            error_share=_number(row, "error_share"),
            points=int(_number(row, "points")),
            flops_low=low,
            flops_high=high,
        )
    return laws


def _key(found: Mapping[str, Any], key: str) -> Any:
    if key not in found:
        raise Damaged(f"it lacks the key {key!r}")
    return found[key]


def _text(found: Mapping[str, Any], key: str) -> str:
    value = _key(found, key)
    if not isinstance(value, str) or not value:
        raise Damaged(f"{key} is {value!r}, expected text")
    return value


def _number(found: Mapping[str, Any], key: str) -> float:
    return _finite(_key(found, key), key)


def _finite(value: Any, where: str) -> float:
    try:
        number = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else math.nan
    except OverflowError:
        # A whole number of more digits than a float can have.
        number = math.inf
    if not math.isfinite(number):
        raise Damaged(f"{where} is {repr(value)[:40]}, expected a finite number")
    return number


def _not_negative(found: Mapping[str, Any], key: str) -> float:
    return _not_below_0(_key(found, key), key)


def _not_below_0(value: Any, where: str) -> float:
    number = _finite(value, where)
    if number < 0:
        raise Damaged(f"{where} is {number:g}, expected a number of 0 or more")
    return number


def _log_error(value: Any, where: str) -> float:
    number = _finite(value, where)
    if abs(number) > MOST_LOG_ERROR:
        raise Damaged(f"{where} is {number:g}, expected at most {MOST_LOG_ERROR:g} on a log scale")
    return number


def _above_0(value: Any, where: str) -> float:
    number = _finite(value, where)
    if number <= 0:
        raise Damaged(f"{where} is {number:g}, expected a number above 0")
    return number


def _mapping(found: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    return _as_mapping(_key(found, key), key)


def _as_mapping(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise Damaged(f"{where} is not a mapping")
    return value


def _list(found: Mapping[str, Any], key: str) -> list[Any]:
    value = _key(found, key)
    if not isinstance(value, list):
        raise Damaged(f"{key} is not a list")
    return value
