"""The panel: one value per step of time and node, with a mask of the cells that were measured."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from wattshed.config.data.sources import STEPS_MINUTES
from wattshed.data.cleaning.record import Cleaning
from wattshed.data.labelled import ABOUT as WINDOWS
from wattshed.data.labelled import LabelledWindows, check_classes
from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import DAY_H, HOUR_MINUTES, WEEK_H, step_words, steps_per_hour
from wattshed.foundation.tensor_file import read_tensors, write_tensors

HOUR = np.timedelta64(1, "h")
MINUTE = np.timedelta64(1, "m")
LARGEST = float(np.finfo(np.float32).max)
ABOUT = ("node_names", "nodes", "unit", "timezone", "source", "synthetic", "notes")


@dataclass(frozen=True)
class Panel:
    """Values of N nodes over T steps of the same length.

    values: float32 [T, N] in ``unit``; NaN where nothing is known, a number where a source imputed one.
    observed: bool [T, N]; True only for cells that were measured.
    times: datetime64[s] [T], UTC, start of each step, without gaps.
    nodes: one row per node, in the order of the columns; its index holds the node names.
    unit: of ``values``, for one step (``kWh``, ``MWh``).
    timezone: of the nodes' calendar (IANA name); months, weekdays and hours come from it.
    source: where the panel came from; ``synthetic`` and ``simulated`` panels say so here.
    intensity_g_per_kwh: float64 [T] carbon intensity that came with the panel, or None.
    windows: what each row of a panel of classes was cut from; None for a panel of readings. Nodes are then classes,
    values are 1 for a row's class and 0 for the others, and times only number the rows.
    step_minutes: length of a step [min], one of ``STEPS_MINUTES``.
    cuts: rows at which training, validation and test part end, where the source cuts the panel itself; None where the
    study's shares do.
    written_sentinels: likely sentinels in the source's own readings, with their share, by node; of a source that
    resampled or converted them, so that they no longer show in ``values``.
    cleaning: which nodes and cells the study left out of its source's panel; None where it did not ask for that.
    """

    values: np.ndarray
    observed: np.ndarray
    times: np.ndarray
    nodes: pd.DataFrame
    unit: str
    timezone: str
    source: str
    synthetic: bool = False
    intensity_g_per_kwh: np.ndarray | None = None
    notes: tuple[str, ...] = field(default_factory=tuple)
    windows: LabelledWindows | None = None
    cuts: tuple[int, int, int] | None = None
    step_minutes: int = HOUR_MINUTES
    cleaning: Cleaning | None = None
    written_sentinels: Mapping[str, tuple[float, float]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        steps, count = self.values.shape
        where = f"panel from {self.source}"
        if self.values.dtype != np.float32 or self.observed.dtype != np.bool_:
            raise TypeError(f"{where}: values must be float32 and observed bool")
        if self.observed.shape != (steps, count) or self.times.shape != (steps,) or len(self.nodes) != count:
            raise ValueError(f"{where}: values, observed, times and nodes disagree in shape")
        if self.nodes.index.has_duplicates:
            twice = self.nodes.index[self.nodes.index.duplicated()][0]
            raise Fault(f"{where}: node {twice!r} occurs twice; expected unique node names: rename one.")
        if self.step_minutes not in STEPS_MINUTES:
            raise ValueError(
                f"{where}: the step is {self.step_minutes} minutes; expected one of "
                f"{', '.join(map(str, STEPS_MINUTES))}"
            )
        if steps > 1 and not bool((np.diff(self.times) == self.step_minutes * MINUTE).all()):
            every = "hourly" if self.step_minutes == HOUR_MINUTES else f"{self.step_minutes} minutes apart"
            raise ValueError(f"{where}: times must be {every} without gaps; reindex first")
        if bool(np.isnan(self.values[self.observed]).any()):
            raise ValueError(f"{where}: a cell cannot be observed and NaN")
        endless = np.isinf(self.values)
        if bool(endless.any()):
            step, node = (int(index[0]) for index in np.nonzero(endless))
            raise Fault(
                f"{where}: node {self.node_names[node]!r} has a value at {self.times[step]} UTC that does not fit "
                f"32-bit floats; expected at most {LARGEST:.1e} {self.unit}: correct it or leave it empty."
            )
        silent = ~self.observed.any(axis=0)
        if bool(silent.any()):
            raise Fault(
                f"{where}: node {self.node_names[int(np.flatnonzero(silent)[0])]!r} has no observed "
                f"{step_words(self.step_minutes)} at all; expected at least one: "
                "correct its readings, or leave the node out in its source (data.source.exclude of a table)."
            )
        if self.windows is not None:
            check_classes(where, self.values, self.cuts, len(self.windows.starts))

    @property
    def node_names(self) -> list[str]:
        """Node names in column order, which graph, panel and results share."""
        return [str(name) for name in self.nodes.index]

    @property
    def steps_per_hour(self) -> int:
        """Rows of an hour."""
        return steps_per_hour(self.step_minutes)

    @property
    def steps_per_day(self) -> int:
        """Rows of 24 hours."""
        return DAY_H * self.steps_per_hour

    @property
    def steps_per_week(self) -> int:
        """Rows of 168 hours."""
        return WEEK_H * self.steps_per_hour

    @property
    def local_times(self) -> pd.DatetimeIndex:
        """The steps' starts in the nodes' own calendar [T]."""
        return pd.DatetimeIndex(self.times).tz_localize("UTC").tz_convert(ZoneInfo(self.timezone))

    @cached_property
    def digest(self) -> str:
        """SHA-256 of readings, times, step, node names and labelled windows: what was made for one panel is not taken "
        "for another."""
        digest = hashlib.sha256(json.dumps([self.unit, self.timezone, self.node_names]).encode())
        for array in (self.values, self.observed, self.times.astype("datetime64[s]")):
            digest.update(np.ascontiguousarray(array).view(np.uint8).data)
        if self.step_minutes != HOUR_MINUTES:
            digest.update(json.dumps({"step_minutes": self.step_minutes}).encode())
        if self.windows is not None:
            digest.update(json.dumps(self.cuts).encode())
            self.windows.digest_into(digest)
        return digest.hexdigest()

    def write(self, path: Path | str) -> None:
        tensors = {
            "values": self.values,
            "observed": self.observed,
            "times_s": self.times.astype("datetime64[s]").astype(np.int64),
        }
        if self.intensity_g_per_kwh is not None:
            tensors["intensity_g_per_kwh"] = self.intensity_g_per_kwh.astype(np.float64)
        about = {
            "node_names": self.node_names,
            "nodes": self.nodes.reset_index(drop=True).to_json(orient="split", double_precision=15),
            "unit": self.unit,
            "timezone": self.timezone,
            "source": self.source,
            "synthetic": self.synthetic,
            "notes": list(self.notes),
        }
        # A file without a step is hourly, as those of earlier releases are.
        if self.step_minutes != HOUR_MINUTES:
            about["step_minutes"] = self.step_minutes
        if self.written_sentinels:
            about["written_sentinels"] = {name: list(pair) for name, pair in self.written_sentinels.items()}
        if self.cleaning is not None:
            about["cleaning"] = self.cleaning.about()
        if self.windows is not None:
            tensors |= self.windows.arrays()
            about |= {WINDOWS: self.windows.about(), "cuts": list(self.cuts or ())}
        write_tensors(path, tensors, about, kind="panel")

    @classmethod
    def read(cls, path: Path | str) -> "Panel":
        """What :meth:`write` wrote; raises :class:`Fault` for a damaged, altered or foreign file."""
        tensors, about = read_tensors(path, kind="panel", keys=ABOUT)
        missing = [name for name in ("values", "observed", "times_s") if name not in tensors]
        if missing:
            raise Fault(
                f"{path} has no array {missing[0]!r}: expected a panel; delete it and run snakemake again."
            )
        nodes = pd.DataFrame(**_split_frame(about["nodes"]))
        nodes.index = pd.Index(about["node_names"], name="node")
        windows = LabelledWindows.of_file(path, tensors, about[WINDOWS]) if WINDOWS in about else None
        return cls(
            values=tensors["values"],
            observed=tensors["observed"],
            times=tensors["times_s"].astype("datetime64[s]"),
            nodes=nodes,
            unit=about["unit"],
            timezone=about["timezone"],
            source=about["source"],
            synthetic=about["synthetic"],
            intensity_g_per_kwh=tensors.get("intensity_g_per_kwh"),
            notes=tuple(about["notes"]),
            windows=windows,
            cuts=_three(about.get("cuts")),
            step_minutes=int(about.get("step_minutes", HOUR_MINUTES)),
            cleaning=Cleaning.of_about(about.get("cleaning")),
            written_sentinels={
                name: (float(value), float(share))
                for name, (value, share) in about.get("written_sentinels", {}).items()
            },
        )


def _three(cuts: list[int] | None) -> tuple[int, int, int] | None:
    return (cuts[0], cuts[1], cuts[2]) if cuts and len(cuts) == 3 else None


def _split_frame(text: str) -> dict:
    parts = json.loads(text)
    return {"data": parts["data"], "columns": parts["columns"], "index": parts["index"]}
