"""Labelled windows of series: what each row of a panel of classes was cut from."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from wattshed.foundation.faults import Fault

# Names of the arrays in a panel's file, and of the key in its description.
ARRAYS = ("series", "starts", "lengths", "owners")
PREFIX = "windows_"
ABOUT = "windows"


@dataclass(frozen=True)
class LabelledWindows:
    """Windows of the series of R regions, one for each of the panel's T rows.

    series: float32 [samples, R], all series one after the other; regions: their names [R].
    starts: int64 [T], a window's first sample; lengths: int64 [T], samples of the window, at most ``length``: shorter
    ones are padded with zeros and masked; owners: int64 [T], number of the series that a window is of.
    sample_s: seconds between samples of each series, NaN where unknown; owner_names: names of the series, or empty.
    """

    series: np.ndarray
    regions: tuple[str, ...]
    starts: np.ndarray
    lengths: np.ndarray
    owners: np.ndarray
    length: int
    sample_s: tuple[float, ...]
    owner_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.series.dtype != np.float32 or self.series.ndim != 2:
            raise TypeError("labelled windows: series must be float32 [samples, regions]")
        rows = self.starts.shape
        if len(rows) != 1 or self.lengths.shape != rows or self.owners.shape != rows:
            raise ValueError("labelled windows: starts, lengths and owners must be [rows] each")
        samples, regions = self.series.shape
        if len(self.regions) != regions:
            raise Fault(
                f"labelled windows: there are {len(self.regions)} names of regions and {regions} columns; expected as "
                "many names as columns: correct the source."
            )
        twice = sorted({name for name in self.regions if self.regions.count(name) > 1})
        if twice:
            raise Fault(
                f"labelled windows: region {twice[0]!r} occurs twice; expected unique names of regions: rename one."
            )
        if not np.isfinite(self.series).all():
            raise Fault(
                "labelled windows: a sample is NaN or infinite; expected numbers, since a window's correlations need "
                "them all: leave the sample out in the source."
            )
        if self.owner_names and len(self.owner_names) != len(self.sample_s):
            raise Fault(
                f"labelled windows: {len(self.owner_names)} series have names and {len(self.sample_s)} a sampling "
                "time; expected as many names as series: correct the source."
            )
        wrong = (self.lengths < 1) | (self.lengths > self.length)
        wrong |= (self.starts < 0) | (self.starts + self.lengths > samples)
        wrong |= (self.owners < 0) | (self.owners >= len(self.sample_s))
        if wrong.any():
            row = int(np.argmax(wrong))
            raise Fault(
                f"labelled windows: row {row} has {self.lengths[row]} samples from sample {self.starts[row]} on "
                f"of series {self.owners[row]}; expected 1 to {self.length} of the {samples} samples, and one of "
                f"{len(self.sample_s)} series: correct the source."
            )

    @property
    def name_of_owner(self) -> tuple[str, ...]:
        """A name for each series: its own, or its number."""
        return self.owner_names or tuple(str(number) for number in range(len(self.sample_s)))

    @property
    def padded(self) -> bool:
        """Whether any window is shorter than ``length``."""
        return bool((self.lengths < self.length).any())

    def known(self, rows: np.ndarray) -> np.ndarray:
        """Bool [B, length]: which samples of these rows' windows are known; the others are padding."""
        return np.arange(self.length)[None, :] < self.lengths[rows][:, None]

    def raw(self, rows: np.ndarray) -> np.ndarray:
        """The windows of these rows as they were recorded, float32 [B, length, R]; padding is 0."""
        known = self.known(rows)
        places = np.where(known, self.starts[rows][:, None] + np.arange(self.length), 0)
        found: np.ndarray = self.series[places]
        found[~known] = 0.0
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        """The arrays by their names in a panel's file."""
        return {PREFIX + name: getattr(self, name) for name in ARRAYS}

    def about(self) -> dict[str, Any]:
        """What a panel's description says of the windows; JSON has no NaN, so an unknown sampling time is null."""
        return {
            "regions": list(self.regions),
            "length": self.length,
            "sample_s": [None if np.isnan(seconds) else seconds for seconds in self.sample_s],
            "owner_names": list(self.owner_names),
        }

    def digest_into(self, digest: "hashlib._Hash") -> None:
        digest.update(json.dumps(self.about()).encode())
        for array in self.arrays().values():
            digest.update(np.ascontiguousarray(array).view(np.uint8).data)

    @classmethod
    def of_file(cls, path: Any, tensors: Mapping[str, np.ndarray], about: Any) -> "LabelledWindows":
        """Windows from the arrays and the description of a panel's file. Raises :class:`Fault` if a part is "
        "missing."""
        missing = [PREFIX + name for name in ARRAYS if PREFIX + name not in tensors]
        if missing:
            raise Fault(
                f"{path} has no array {missing[0]!r}: expected a panel of labelled windows; delete it and run "
                "snakemake again."
            )
        try:
            return cls(
                **{name: tensors[PREFIX + name] for name in ARRAYS},
                regions=tuple(about["regions"]),
                length=int(about["length"]),
                sample_s=tuple(
                    float("nan") if seconds is None else float(seconds) for seconds in about["sample_s"]
                ),
                owner_names=tuple(about["owner_names"]),
            )
        except (TypeError, KeyError, ValueError, Fault) as error:
            raise Fault(
                f"{path} does not describe its labelled windows ({str(error).rstrip('.')}): expected a panel that "
                "wattshed wrote; delete it and run snakemake again."
            ) from error


def check_classes(where: str, values: np.ndarray, cuts: tuple[int, int, int] | None, rows: int) -> None:
    """Raise :class:`Fault` unless each row of ``values`` [T, C] names one of at least two classes.

    cuts: ends of three parts, which must be in order. rows: number of the windows, which must be T.
    """
    count, classes = values.shape
    if rows != count:
        raise Fault(
            f"{where}: {rows} windows for {count} rows; expected one window for each row: correct the source."
        )
    if classes < 2:
        raise Fault(
            f"{where}: all windows are of one class; expected at least two: give series of another class."
        )
    one = ((values == 0) | (values == 1)).all(axis=1) & (values.sum(axis=1) == 1)
    if not one.all():
        raise Fault(
            f"{where}: row {int(np.argmin(one))} is not of exactly one class; expected 1 for its class and 0 for the "
            "others: correct the source."
        )
    if cuts is None or not 0 < cuts[0] < cuts[1] < cuts[2] <= count:
        raise Fault(
            f"{where}: its parts end at rows {cuts}; expected three rows in order, the last at most {count}: "
            "correct the source."
        )
