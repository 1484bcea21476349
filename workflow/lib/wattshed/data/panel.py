"""The panel: one value per hour and node, with a mask of what was really observed."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from wattshed.foundation.faults import Fault
from wattshed.foundation.tensor_file import read_tensors, write_tensors

HOUR = np.timedelta64(1, "h")


@dataclass(frozen=True)
class Panel:
    """Hourly values of N nodes over T hours.

    values: float32 [T, N] in ``unit``; NaN where nothing is known, a number where a source imputed one.
    observed: bool [T, N]; True only for cells that were measured.
    times: datetime64[s] [T], UTC, start of each hour, hourly and without holes.
    nodes: one row per node, in the order of the columns; its index holds the node names.
    unit: of ``values``, for one hour (``kWh``, ``MWh``).
    timezone: whose calendar the nodes live by (IANA name); months, weekdays and hours come from it.
    source: where the panel came from; ``synthetic`` and ``simulated`` panels say so here.
    intensity_g_per_kwh: float64 [T] carbon intensity that came with the panel, or None.
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

    def __post_init__(self) -> None:
        hours, count = self.values.shape
        where = f"panel from {self.source}"
        if self.values.dtype != np.float32 or self.observed.dtype != np.bool_:
            raise TypeError(f"{where}: values must be float32 and observed bool")
        if self.observed.shape != (hours, count) or self.times.shape != (hours,) or len(self.nodes) != count:
            raise ValueError(f"{where}: values, observed, times and nodes disagree in shape")
        if self.nodes.index.has_duplicates:
            twice = self.nodes.index[self.nodes.index.duplicated()][0]
            raise Fault(f"{where}: node {twice!r} occurs twice; expected unique node names: rename one.")
        if hours > 1 and not bool((np.diff(self.times) == HOUR).all()):
            raise ValueError(f"{where}: times must be hourly without holes; reindex first")
        if bool(np.isnan(self.values[self.observed]).any()):
            raise ValueError(f"{where}: a cell cannot be observed and NaN")
        silent = ~self.observed.any(axis=0)
        if bool(silent.any()):
            raise Fault(
                f"{where}: node {self.node_names[int(np.flatnonzero(silent)[0])]!r} has no observed hour at "
                "all; expected at least one: drop the node or mend its readings."
            )

    @property
    def node_names(self) -> list[str]:
        """Node names in column order: the one order that graph, panel and results share."""
        return [str(name) for name in self.nodes.index]

    @property
    def local_times(self) -> pd.DatetimeIndex:
        """The hours in the nodes' own calendar [T]."""
        return pd.DatetimeIndex(self.times).tz_localize("UTC").tz_convert(ZoneInfo(self.timezone))

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
        write_tensors(path, tensors, about)

    @classmethod
    def read(cls, path: Path | str) -> "Panel":
        tensors, about = read_tensors(path)
        nodes = pd.DataFrame(**_split_frame(about["nodes"]))
        nodes.index = pd.Index(about["node_names"], name="node")
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
        )


def _split_frame(text: str) -> dict:
    parts = json.loads(text)
    return {"data": parts["data"], "columns": parts["columns"], "index": parts["index"]}
