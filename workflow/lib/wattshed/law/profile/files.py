"""Device profiles as JSON files: read, written, and checked against the device that they are read on."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.user_cache import cache_folder
from wattshed.foundation.writing import JSON_DIGEST, json_digest, write_json
from wattshed.law.profile.device_profile import SCHEMA, DeviceIdentity, DeviceProfile
from wattshed.law.profile.identity import NO_TORCH, here
from wattshed.law.profile.parsing import Damaged, profile_from

__all__ = ["check_device", "default_profile", "here", "read_profile", "write_profile"]

# Names a profile in place of the default one.
PROFILE = "WATTSHED_PROFILE"
AGAIN = "run wattshed calibrate to make it again"


def default_profile(device: str = "cpu", threads: int = 1) -> Path:
    """The profile that is read and written where none is named: ``$WATTSHED_PROFILE``, else one in the user's cache."""
    named = os.environ.get(PROFILE)
    return Path(named) if named else cache_folder() / "profiles" / f"{device}-{threads}.json"


def write_profile(path: Path, profile: DeviceProfile) -> None:
    """Write a profile, whole or not at all. Raises :class:`Fault` if the place cannot be written.

    Raises ValueError for a number that is not finite.
    """
    content = {
        "schema": SCHEMA,
        "device": asdict(profile.device),
        "calibration": asdict(profile.calibration),
        "laws": [
            {"kind": kind.value, "direction": direction.value, **asdict(law)}
            for (kind, direction), law in profile.laws.items()
        ],
        "power_w": dict(profile.power_w),
        "overhead_s": profile.overhead_s,
        "step_factor": profile.step_factor,
        "cold_byte_s": profile.cold_byte_s,
        "log_errors": {family: list(errors) for family, errors in profile.log_errors.items()},
        "points": {part: [dict(row) for row in rows] for part, rows in profile.points.items()},
    }
    try:
        write_json(path, content, sealed=True)
    except OSError as error:
        raise Fault(
            f"the profile {path} cannot be written ({error.strerror or one_line(error)}): expected a file in a folder "
            "that this user may write; name another one."
        ) from error


def read_profile(path: Path) -> DeviceProfile:
    """A profile that :func:`write_profile` wrote.

    Raises :class:`Fault` if it is missing, unreadable, altered, of another schema, or lacks something.
    """
    content = _content(path)
    if "schema" not in content:
        raise Fault(f"{path} is not a device profile (it has no key 'schema'): name a profile, or {AGAIN}.")
    if content["schema"] != SCHEMA or isinstance(content["schema"], bool):
        raise Fault(
            f"the profile {path} has schema {content['schema']!r}: expected {SCHEMA}, which this version of wattshed "
            f"writes; {AGAIN}."
        )
    digest = content.pop(JSON_DIGEST, None)
    try:
        same = digest == json_digest(content)
    except ValueError as error:
        raise Fault(f"the profile {path} is damaged (a number is not finite): {AGAIN}.") from error
    if not same:
        raise Fault(f"the profile {path} was altered after it was written (its digest differs): {AGAIN}.")
    try:
        return profile_from(content)
    except Damaged as damage:
        raise Fault(f"the profile {path} is damaged ({damage}): {AGAIN}.") from damage


def check_device(profile: DeviceProfile, here: DeviceIdentity, path: Path) -> None:
    """Raise :class:`Fault`, which names the first difference, unless the profile holds for the device ``here``."""
    made = profile.device
    versions = NO_TORCH if here.torch == NO_TORCH else f"torch {here.torch}"
    found = {
        "kind of device": (made.kind, here.kind),
        "device": (made.name, here.name),
        "number of threads": (str(made.threads), str(here.threads)),
        "version of torch": (f"torch {made.torch}", versions),
    }
    for what, (there, now) in found.items():
        if there != now:
            raise _other(path, what, there, now, here)
    # A kernel that was made then may be missing now; the other way round, the profile's own engine counts.
    if made.engine != "torch" and here.engine == "torch":
        raise _other(path, "engine", made.engine, "torch (no compiler for the kernel)", here)


def _other(path: Path, what: str, there: str, now: str, here: DeviceIdentity) -> Fault:
    return Fault(
        f"the profile {path} is of another {what} ({there}; here: {now}), so its laws do not hold: run wattshed "
        f"calibrate --device {here.kind} --threads {here.threads} here, or name another profile."
    )


def _content(path: Path) -> dict[str, Any]:
    if os.path.exists(path) and not path.is_file() and not path.is_dir():
        # A pipe that is never written to would be waited for without end.
        raise Fault(
            f"the profile {path} is a device, a pipe or a socket: expected a file; name one, or {AGAIN}."
        )
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise Fault(
            f"the profile {path} does not exist: run wattshed calibrate, which takes a minute and makes it."
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or one_line(error)
        raise Fault(
            f"the profile {path} cannot be read ({reason}): name a readable file, or {AGAIN}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise Fault(f"the profile {path} is damaged (no JSON: {one_line(error)}): {AGAIN}.") from error
    if not isinstance(content, dict):
        raise Fault(f"{path} is not a device profile (it holds no keys): name a profile, or {AGAIN}.")
    return content
