"""The rules of a file's clock, and what is read by them."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class ClockRules:
    """What a file's owner states about its times; None is recognised from the file, or refused.

    times_in: IANA name or offset such as ``+01:00``. dst: ``doubled``, ``skipped`` or ``none`` for files with 24 hours
    on every day. stamp: ``start`` or ``end``; stamp_known: whether that is stated. hours_from: number of the first hour
    of a day. hour_numbers: ``elapsed`` or ``clock``. number_minutes: length of what is numbered; None without numbers.
    resolution_s: of the file. irregular: a log without a spacing.
    """

    times_in: str
    dst: str | None = None
    stamp: str = "start"
    stamp_known: bool = True
    time_format: str | None = None
    day_first: bool | None = None
    hours_from: int | None = None
    hour_numbers: str | None = None
    number_minutes: int | None = None
    resolution_s: int | None = None
    irregular: bool = False


@dataclass(frozen=True)
class Instants:
    """When each of R readings begins.

    seconds: int64 [R] since 1970 UTC, undefined where not kept. kept: bool [R], False at local times that do not exist,
    and in an autumn hour that could be either. doubled: bool [R], True where the reading covers both hours of autumn.
    resolution_s: stated or typical spacing, 0 of an irregular log. notes: what was left out.
    """

    seconds: np.ndarray
    kept: np.ndarray
    doubled: np.ndarray
    resolution_s: int
    notes: tuple[str, ...] = ()
