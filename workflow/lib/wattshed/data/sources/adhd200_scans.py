"""Resting-state fMRI of ADHD-200 (Milham et al. 2012, doi 10.3389/fnsys.2012.00062) as nilearn gives it.

nilearn downloads the 40 preprocessed scans with their confounds and the atlas of Schaefer et al. 2018 (doi
10.1093/cercor/bhx179), and averages each region. It is imported only here, when a panel is built.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np

from wattshed.data.panel import Panel
from wattshed.data.sources.checked_series import checked_values
from wattshed.data.sources.cutting_series import CuttingKeys, Series, by_owner, cut_panel
from wattshed.data.sources.source import Cutting
from wattshed.foundation.faults import Fault, one_line

LABELS = {0: "control", 1: "ADHD"}
WHERE = "ADHD-200"


class AdhdKeys(CuttingKeys, Protocol):
    """What is read from a settings block of this source."""

    @property
    def people(self) -> int: ...

    @property
    def regions(self) -> int: ...

    @property
    def folder(self) -> str: ...

    @property
    def seed(self) -> int: ...


def load(source: AdhdKeys, root: Path, cutting: Cutting) -> Panel:
    """Panel [windows, 2] of indicators of control and ADHD; each person is in one part.

    Raises :class:`Fault` if nilearn is missing, if its download fails, or if a label is unknown.
    """
    nilearn = _nilearn()
    folder = str(root / source.folder)
    try:
        scans = nilearn.fetch_adhd(n_subjects=source.people, data_dir=folder)
        atlas = nilearn.fetch_atlas_schaefer_2018(n_rois=source.regions, data_dir=folder)
    except (OSError, ValueError, RuntimeError) as error:
        raise Fault(
            f"{WHERE}: nilearn could not download scans and atlas to {folder} ({one_line(error)}); expected a "
            "network with nitrc.org and raw.githubusercontent.com: connect and run again, or place nilearn's "
            "files there."
        ) from error
    labels = labels_of(scans.phenotypic, [Path(path).parent.name for path in scans.func])
    masker = nilearn.NiftiLabelsMasker(labels_img=atlas.maps, detrend=True, standardize=False)
    series = []
    for path, confounds, label in zip(scans.func, scans.confounds, labels, strict=True):
        values = np.asarray(masker.fit_transform(path, confounds=confounds), dtype=np.float64)
        name = Path(path).parent.name
        series.append(Series(name, label, values, float(getattr(scans, "t_r", 2.0))))
    names = region_names(atlas.labels, series[0].values.shape[1])
    kept, series = with_signal(series, names)
    return cut_panel(
        series,
        kept,
        by_owner(series, cutting, WHERE, source.seed),
        cutting.length,
        source,
        source=f"ADHD-200 through nilearn ({len(series)} people; classes are control and ADHD)",
        notes=(
            f"{len(names) - len(kept)} of {len(names)} regions have no signal in some scan and are left out.",
            "The people come from several sites with scanners of their own; a part of what tells the classes "
            "apart may be the site.",
        ),
    )


def labels_of(phenotypic: Any, people: Sequence[str]) -> list[str]:
    """The class of each person, in the order of the scans; the table of phenotypes has an order of its own.

    phenotypic: pandas frame with the columns Subject and adhd (0 or 1).
    """
    missing = [name for name in ("Subject", "adhd") if name not in phenotypic.columns]
    if missing:
        raise Fault(
            f"{WHERE}: nilearn's table of phenotypes has no column {missing[0]!r}; expected Subject and adhd: install "
            "another version of nilearn, such as 0.14."
        )
    # nilearn pads the number to seven digits, as the folders of the scans are named; its older versions do not.
    known = {
        str(name).zfill(7): value
        for name, value in zip(phenotypic["Subject"], phenotypic["adhd"], strict=True)
    }
    found = []
    for person in people:
        value = known.get(person.zfill(7))
        if value not in LABELS:
            raise Fault(
                f"{WHERE}: person {person!r} has the diagnosis {value!r}; expected 0 (control) or 1 (ADHD) for "
                "each scan: delete the folder of downloads and run again."
            )
        found.append(LABELS[int(value)])
    return found


def region_names(labels: Sequence[Any], count: int) -> tuple[str, ...]:
    """Names of the masker's columns; numbered where the atlas names another number of regions than there are."""
    names = [label.decode() if isinstance(label, bytes) else str(label) for label in labels]
    names = [name for name in names if name != "Background"]
    if len(names) != count:
        return tuple(f"region_{number}" for number in range(1, count + 1))
    return tuple(names)


def with_signal(series: Sequence[Series], names: Sequence[str]) -> tuple[tuple[str, ...], list[Series]]:
    """Names and series of the regions that change in every scan: some lie outside a scan's field of view."""
    counts = {one.values.shape[1] for one in series}
    if counts != {len(names)}:
        raise Fault(
            f"{WHERE}: the scans have {', '.join(map(str, sorted(counts)))} regions; expected {len(names)} in "
            "each: install another version of nilearn, such as 0.14."
        )
    moves = np.all([np.ptp(one.values, axis=0) > 0 for one in series], axis=0)
    if moves.sum() < 2:
        raise Fault(
            f"{WHERE}: {int(moves.sum())} of {len(names)} regions have a signal in every scan; expected at least "
            "2: delete the folder of downloads and run again."
        )
    kept = tuple(name for name, moving in zip(names, moves, strict=True) if moving)
    checked = [
        replace(one, values=checked_values(one.values[:, moves], kept, f"{WHERE}: person {one.name}"))
        for one in series
    ]
    return kept, checked


def _nilearn() -> Any:
    try:
        from nilearn.datasets import fetch_adhd, fetch_atlas_schaefer_2018
        from nilearn.maskers import NiftiLabelsMasker
    except ImportError as error:
        raise Fault(
            "the data source 'adhd200' needs nilearn, which is not installed: run `pip install "
            "'wattshed[brains]'`, or choose another data.source.kind."
        ) from error
    return SimpleNamespace(
        fetch_adhd=fetch_adhd,
        fetch_atlas_schaefer_2018=fetch_atlas_schaefer_2018,
        NiftiLabelsMasker=NiftiLabelsMasker,
    )
