"""What the days of a clock change say about the clock that a file is written in."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wattshed.data.inspection.evidence.timeline import Timeline
from wattshed.data.inspection.evidence.zones import ZONES, Change, changes_of, clock_trace

STAMPS = ("start", "end")
# An hour that holds two is near twice the mean of its neighbours; one that holds one is near it.
TWICE = (1.6, 2.4)


@dataclass(frozen=True)
class Verdict:
    """How a file fits one zone with one kind of stamps, counted over the changes in its span.

    spring_left_out, spring_zero, spring_there: changes forward whose hour is absent, zero for all nodes, or there as
    any other. autumn_twice, autumn_once, autumn_absent: changes back whose hour comes twice, once, or not. ratios: of
    hours that come once, to the mean of the hours around.
    """

    zone: str
    stamp: str
    spring_left_out: int = 0
    spring_zero: int = 0
    spring_there: int = 0
    autumn_twice: int = 0
    autumn_once: int = 0
    autumn_absent: int = 0
    ratios: tuple[float, ...] = ()

    @property
    def seen(self) -> int:
        """Changes that the file covers."""
        return (
            self.spring_left_out + self.spring_zero + self.spring_there
            + self.autumn_twice + self.autumn_once + self.autumn_absent
        )  # fmt: skip

    @property
    def shown(self) -> int:
        """Changes that the file shows: by an hour that is left out, zero, twice there, or of twice the size."""
        twice = sum(TWICE[0] < ratio < TWICE[1] for ratio in self.ratios)
        return self.spring_left_out + self.spring_zero + self.autumn_twice + twice

    @property
    def kind(self) -> str:
        """`clock`: 23 and 25 hours; `doubled`, `skipped`: as the source's `dst`; `steady`: 24 hours as any others;
        `against`: mixed; `unseen`: the span has no change."""
        if self.seen == 0:
            return "unseen"
        if self.spring_there == 0 and self.autumn_once == 0 and self.spring_zero == 0:
            return "clock" if self.spring_left_out or self.autumn_twice else "unseen"
        if self.autumn_twice == 0 and self.spring_there == 0:
            twice = [TWICE[0] < ratio < TWICE[1] for ratio in self.ratios]
            if self.spring_zero and (not twice or all(twice)):
                return "doubled"
            if self.spring_zero or self.spring_left_out:
                return "skipped" if not any(twice) else "doubled" if all(twice) else "against"
        if self.spring_left_out == 0 and self.autumn_twice == 0 and self.spring_zero == 0:
            twice = [TWICE[0] < ratio < TWICE[1] for ratio in self.ratios]
            return (
                "steady"
                if not any(twice)
                else "doubled"
                if all(twice) and not self.spring_there
                else "against"
            )
        return "against"


@dataclass(frozen=True)
class Labels:
    """Readings of all nodes by label: sorted labels [L], rows and readings per label, mean reading, share of zeros."""

    wall: np.ndarray
    rows: np.ndarray
    mean: np.ndarray
    zero_share: np.ndarray

    @classmethod
    def of(cls, line: Timeline) -> "Labels":
        frame = pd.DataFrame(
            {
                "wall": line.wall,
                "mean": np.nanmean(line.values, axis=1),
                "zero": (np.nan_to_num(line.values, nan=0.0) == 0).all(axis=1),
            }
        )
        found = frame.groupby("wall").agg(rows=("mean", "size"), mean=("mean", "mean"), zero=("zero", "mean"))
        return cls(
            found.index.to_numpy(np.int64), found["rows"].to_numpy(float), found["mean"].to_numpy(float),
            found["zero"].to_numpy(float),
        )  # fmt: skip

    def at(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """rows, mean and share of zeros at labels; 0, NaN and NaN where there is none."""
        place = np.clip(np.searchsorted(self.wall, labels), 0, len(self.wall) - 1)
        there = self.wall[place] == labels
        return (
            np.where(there, self.rows[place], 0),
            np.where(there, self.mean[place], np.nan),
            np.where(there, self.zero_share[place], np.nan),
        )


def judge(labels: Labels, zone: str, stamp: str, resolution_s: int, changes: tuple[Change, ...]) -> Verdict:
    counts = dict.fromkeys(
        ("spring_left_out", "spring_zero", "spring_there", "autumn_twice", "autumn_once", "autumn_absent"), 0
    )
    ratios = []
    late = resolution_s if stamp == "end" else 0
    for change in changes:
        hour = np.arange(change.begins, change.ends, resolution_s) + late
        length = change.ends - change.begins
        before, after = (labels.at(hour - length), labels.at(hour + length))
        usual = np.median(np.concatenate([before[0], after[0]]))
        if not len(hour) or usual == 0 or (before[0] == 0).any() or (after[0] == 0).all():
            continue
        rows, mean, zero = labels.at(hour)
        share = rows.mean() / usual
        if change.forward:
            at_zero = bool((rows > 0).any()) and bool((zero[rows > 0] > 0.99).all())
            usually_zero = bool((np.concatenate([before[2], after[2]]) > 0.99).any())
            kind = "left_out" if share < 0.1 else "zero" if at_zero and not usually_zero else "there"
            counts[f"spring_{kind}"] += 1
        else:
            kind = "twice" if share > 1.8 else "absent" if share < 0.1 else "once"
            counts[f"autumn_{kind}"] += 1
            around = np.nanmean(np.concatenate([before[1], after[1]]))
            if kind == "once" and around:
                ratios.append(float(np.nanmean(mean) / around))
    return Verdict(zone, stamp, **counts, ratios=tuple(ratios))


def judge_all(
    line: Timeline, stamps: tuple[str, ...] = STAMPS, zones: tuple[str, ...] = ZONES
) -> list[Verdict]:
    """The verdict on each zone and kind of stamps; () for readings that are an hour apart or more."""
    if not 0 < line.resolution_s <= 3600 or line.irregular:
        return []
    labels = Labels.of(line)
    first, last = line.span
    found = []
    for zone in zones:
        changes = changes_of(zone, first, last)
        found += [judge(labels, zone, stamp, line.resolution_s, changes) for stamp in stamps]
    return found


def judge_days(line: Timeline, zones: tuple[str, ...] = ZONES) -> list[Verdict]:
    """The verdict on each zone for numbers that are counted from local midnight: only days of 23 and 25 hours show."""
    frame = pd.DataFrame({"day": line.day, "node": line.node})
    hours = frame.groupby(["day", "node"]).size().groupby("day").max() * line.resolution_s / 3600
    odd = {int(one) for one in hours.index[(hours == 23) | (hours == 25)]}
    found = []
    for zone in zones:
        changes = [change for change in changes_of(zone, *line.span) if change.day in hours.index]
        fits = [hours[change.day] == (23 if change.forward else 25) for change in changes]
        explained = odd <= {change.day for change in changes}
        forward = sum(change.forward for change in changes)
        if all(fits) and explained:
            found.append(Verdict(zone, "start", spring_left_out=forward, autumn_twice=len(changes) - forward))
        else:
            found.append(Verdict(zone, "start", spring_there=max(1, forward), autumn_twice=1))
    return found


def days_of_changes(line: Timeline) -> dict[str, tuple[Change, ...]]:
    """The changes of the clocks of Europe, the United States and Australia on days that a file has."""
    first, last = line.span
    present = set(np.unique(line.day).tolist())
    return {
        name: tuple(change for change in changes_of(zone, first, last) if change.day in present)
        for name, zone in (
            ("Europe", "Europe/Berlin"), ("the United States", "America/New_York"), ("Australia", "Australia/Sydney"),
        )
    }  # fmt: skip


def hours_on(line: Timeline, change: Change) -> float:
    """Hours with readings on the day of a change, of the node that has most."""
    nodes = line.node[line.day == change.day]
    return float(np.bincount(nodes).max() * line.resolution_s / 3600)


def equal_clocks(zones: list[str], span: tuple[int, int]) -> list[list[str]]:
    """The zones in groups whose clocks are equal over a span."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for zone in zones:
        groups.setdefault(clock_trace(zone, *span), []).append(zone)
    return list(groups.values())


def zones_of_offsets(line: Timeline, zones: tuple[str, ...] = ZONES) -> list[str]:
    """Zones whose offsets are those that the times state, at every change and in between."""
    seconds = line.wall - np.nan_to_num(line.offset_s).astype(np.int64)
    pairs = pd.DataFrame({"day": seconds // 21600, "at": seconds, "offset": line.offset_s}).dropna()
    some = pairs.drop_duplicates(["day", "offset"])
    stamps = pd.to_datetime(some["at"], unit="s", utc=True)
    found = []
    for zone in zones:
        local = stamps.dt.tz_convert(zone).dt.tz_localize(None)
        ahead = (local - stamps.dt.tz_localize(None)).dt.total_seconds()
        if bool((ahead.to_numpy() == some["offset"].to_numpy()).all()):
            found.append(zone)
    return found
