"""Hourly intensity from the Electricity Maps API, asked once and kept on disk."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from wattshed.energy.intensity_series import checked_series
from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import write_json

if TYPE_CHECKING:
    from wattshed.energy.intensity_series import IntensitySeries

API = "https://api.electricitymaps.com/v3"
KEY = "ELECTRICITY_MAPS_KEY"
TIMEOUT_S = 20
# What is younger than this may still be corrected by the grid's operator, so it is not kept.
SETTLED_H = 48


class Unreachable(Exception):
    """No answer and none kept: whoever asks may take a fallback, by its name."""


def electricity_maps_series(
    zone: str, days: Iterable[date], cache_folder: Path, api: str = API
) -> IntensitySeries:
    """Intensity of a zone over whole UTC days [g CO2e per kWh, life cycle].

    The key is read from the environment and never written anywhere. Raises :class:`Unreachable` where a day is
    neither kept nor to be had, with the reason; :class:`Fault` for a kept answer that is damaged.
    """
    import pandas as pd

    rows: list[tuple[str, float]] = []
    for day in sorted(set(days)):
        kept = cache_folder / f"{zone}-{day.isoformat()}.json"
        rows += _kept(kept) if kept.is_file() else _asked(zone, day, kept, api)
    if not rows:
        raise Unreachable(f"electricity maps has no hour for zone {zone}")
    times, values = zip(*rows, strict=True)
    utc = pd.to_datetime(pd.Series(times), utc=True)
    return checked_series(utc, pd.Series(values), f"electricity maps, {zone}", str(cache_folder))


def _kept(path: Path) -> list[tuple[str, float]]:
    try:
        return [(str(time), float(value)) for time, value in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise Fault(f"{path} is no kept answer ({error}): delete it, and it is asked for again.") from error


def _asked(zone: str, day: date, kept: Path, api: str) -> list[tuple[str, float]]:
    key = os.environ.get(KEY)
    if not key:
        raise Unreachable(f"no key in {KEY}")
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = start + timedelta(days=1)
    span = {"zone": zone, "start": start.isoformat(), "end": end.isoformat()}
    request = urllib.request.Request(
        f"{api}/carbon-intensity/past-range?{urllib.parse.urlencode(span)}", headers={"auth-token": key}
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as answer:
            body = json.load(answer)
        rows = [
            (entry["datetime"], float(entry["carbonIntensity"]))
            for entry in body["data"]
            if entry["carbonIntensity"] is not None
        ]
    except urllib.error.HTTPError as error:
        meaning = {
            401: "the key is refused",
            403: "the key does not cover this zone",
            429: "too many requests",
        }
        raise Unreachable(
            f"electricity maps: {meaning.get(error.code, 'an error')} (HTTP {error.code})"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Unreachable(f"electricity maps: no usable answer ({error})") from error
    if end < datetime.now(UTC) - timedelta(hours=SETTLED_H):
        write_json(kept, rows)
    return rows
