"""Hourly intensity from the Electricity Maps API; each day is requested once and kept on disk."""

from __future__ import annotations

import http.client
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wattshed.energy.carbon.intensity_series import MOST_G_PER_KWH, checked_series
from wattshed.foundation.faults import Fault, one_line
from wattshed.foundation.hours import HOUR_S
from wattshed.foundation.writing import write_json

if TYPE_CHECKING:
    from wattshed.energy.carbon.intensity_series import IntensitySeries

API = "https://api.electricitymaps.com/v4"
KEY = "ELECTRICITY_MAPS_KEY"
TIMEOUT_S = 20
MOST_QUOTED = 200
# Younger values may still be corrected by the grid's operator. They are kept for work without a network, and
# requested again with one.
SETTLED_H = 48
MEANING = {
    401: "the key is refused",
    403: "the key does not cover this zone",
    404: "no such zone",
    429: "too many requests",
}
Hours = list[tuple[str, float]]


class Unreachable(Exception):
    """No answer is available or kept: the caller may use a fallback and must name it."""


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect, because the key would be sent to its target."""

    def redirect_request(self, *arguments: Any, **keywords: Any) -> None:
        return None


def electricity_maps_series(
    zone: str, days: Iterable[date], cache_folder: Path, api: str = API
) -> IntensitySeries:
    """Intensity of a zone over whole UTC days [g CO2e per kWh, life cycle].

    The key is read from the environment and never written. Raises :class:`Unreachable` with the reason if a day is
    neither kept nor available, and :class:`Fault` for a damaged kept answer or a folder that cannot be written.
    """
    import pandas as pd

    rows: Hours = []
    provisional = False
    for day in sorted(set(days)):
        final, young = (cache_folder / f"{zone}-{day.isoformat()}{end}.json" for end in ("", ".provisional"))
        if final.is_file():
            rows += _kept(final)
            continue
        settled = _end_of(day) < datetime.now(UTC) - timedelta(hours=SETTLED_H)
        provisional |= not settled
        try:
            asked = _asked(zone, day, api)
        except Unreachable:
            if not young.is_file():
                raise
            rows += _kept(young)
            provisional = True
            continue
        rows += asked
        if asked:
            _keep(final if settled else young, asked)
            if settled:
                young.unlink(missing_ok=True)
    if not rows:
        raise Unreachable(f"electricity maps has no hour for zone {zone}")
    times, values = zip(*rows, strict=True)
    utc = pd.to_datetime(pd.Series(times), utc=True)
    name = f"electricity maps, {zone}, life cycle{', provisional' if provisional else ''}"
    return checked_series(utc, pd.Series(values), name, str(cache_folder))


def _utc(time: datetime) -> str:
    return time.astimezone(UTC).isoformat()


def _end_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)


def _kept(path: Path) -> Hours:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return [(_utc(datetime.fromisoformat(time)), float(value)) for time, value in rows]
    except (OSError, ValueError, TypeError) as error:
        raise Fault(
            f"{path} is not a kept answer ({error}): delete it, and it is requested again."
        ) from error


def _keep(path: Path, rows: Hours) -> None:
    try:
        write_json(path, rows)
    except OSError as error:
        raise Fault(
            f"{path.parent} cannot be written ({error.strerror}): expected a folder for Electricity Maps' answers; "
            "correct energy.carbon.intensity.cache_folder."
        ) from error


def _asked(zone: str, day: date, api: str) -> Hours:
    key = os.environ.get(KEY, "").strip()
    if not key:
        raise Unreachable(f"no key in {KEY}")
    if not (key.isascii() and key.isprintable()):
        # http.client would print the key in its error.
        raise Unreachable(f"{KEY} does not hold a key")
    end = _end_of(day)
    start = end - timedelta(days=1)
    question = {
        "zone": zone,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "temporalGranularity": "hourly",
        "emissionFactorType": "lifecycle",
        # Otherwise an unknown zone is replaced by the zone of the caller's address.
        "disableCallerLookup": "true",
    }
    # Some of its servers refuse urllib's default name.
    headers = {"auth-token": key, "User-Agent": "wattshed", "Accept": "application/json"}
    url = f"{api}/carbon-intensity/past-range?{urllib.parse.urlencode(question)}"
    try:
        request = urllib.request.Request(url, headers=headers)
        with urllib.request.build_opener(_Stay).open(request, timeout=TIMEOUT_S) as answer:
            body = json.load(answer)
        return _hours(body, zone, start, end)
    except urllib.error.HTTPError as error:
        meaning = MEANING.get(error.code, "an error")
        raise Unreachable(f"electricity maps: {meaning} (HTTP {error.code})") from error
    except (
        OSError,
        http.client.HTTPException,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
    ) as error:
        quoted = one_line(error)[:MOST_QUOTED]
        raise Unreachable(f"electricity maps: no usable answer ({quoted})") from error


def _hours(body: Any, zone: str, start: datetime, end: datetime) -> Hours:
    """The hours of [start, end) that have a value. Raises ValueError, LookupError, TypeError for anything else."""
    if body.get("zone", zone) != zone:
        raise ValueError(f"it is for zone {body['zone']}")
    rows = {}
    for entry in body["data"]:
        time, value = datetime.fromisoformat(entry["datetime"]), entry["carbonIntensity"]
        # The answer may include the next day's first hour, which is requested with its own day.
        if value is None or not start <= time < end:
            continue
        if time.timestamp() % HOUR_S or not 0 <= float(value) <= MOST_G_PER_KWH:
            raise ValueError(f"{value} g/kWh at {entry['datetime']}")
        rows[_utc(time)] = float(value)
    return sorted(rows.items())
