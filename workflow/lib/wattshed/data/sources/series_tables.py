"""A user's own series of regions: one file for each, and optionally a table with a label for each."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import numpy as np

from wattshed.data.panel import Panel
from wattshed.data.readers.tabular import read_frame, require_columns
from wattshed.data.sources.checked_series import checked_values
from wattshed.data.sources.cutting_series import CuttingKeys, Series, by_owner, cut_panel, in_time
from wattshed.data.sources.listed_series import series_files
from wattshed.data.sources.series_files import read_matrix
from wattshed.data.sources.source import Cutting
from wattshed.foundation.faults import Fault


class SeriesKeys(CuttingKeys, Protocol):
    """What is read from a settings block of this source."""

    @property
    def folder(self) -> str: ...

    @property
    def labels(self) -> str | None: ...

    @property
    def rows(self) -> str: ...

    @property
    def unequal(self) -> str: ...

    @property
    def leave_out(self) -> list[str]: ...

    @property
    def sample_s(self) -> float | None: ...

    @property
    def seed(self) -> int: ...


def load(source: SeriesKeys, root: Path, cutting: Cutting) -> Panel:
    """Panel [windows, classes] of indicators; paths start from ``root``.

    Raises :class:`Fault`, naming file and cell, for any error in the files.
    """
    folder = root / source.folder
    if not folder.is_dir():
        raise Fault(
            f"{folder} does not exist; expected a folder with one CSV, TSV, Parquet or NPY file for each series: "
            "correct data.source.folder."
        )
    paths = series_files(folder, source.labels)
    if not paths:
        raise Fault(
            f"{folder} holds no series; expected at least two CSV, TSV, Parquet or NPY files: put them there or "
            "correct data.source.folder."
        )
    regions, series = read_series(paths, source)
    if source.labels is None:
        again = [name for name, count in Counter(one.name for one in series).items() if count > 1]
        if again:
            raise Fault(
                f"{folder} has two series of the name {again[0]!r}; expected one file for each name, since a "
                "file's name is its label: rename one, or give data.source.labels."
            )
        stretches = in_time(series, cutting, source.gap_samples)
        task = "classes are the series, each cut in its own time"
    else:
        series = labelled(series, paths, root / source.labels)
        stretches = by_owner(series, cutting, str(root / source.labels), source.seed)
        task = "classes are labels; each owner is in one part"
    other = "regions" if source.rows == "samples" else "samples"
    turned = max(len(one.values) for one in series) < len(regions)
    unknown = () if source.sample_s else ("The seconds between two samples are unknown.",)
    return cut_panel(
        series,
        regions,
        stretches,
        cutting.length,
        source,
        source=f"series folder {source.folder} ({len(series)} series; {task})",
        notes=(
            *unknown,
            *((f"There are more regions than samples: a file's rows are {source.rows}.",) * turned),
        ),
        # A transposed file is the likeliest reason for too few samples.
        hint=f"; if a file's rows are {other}, set data.source.rows to {other}" if turned else "",
    )


def read_series(paths: list[Path], source: SeriesKeys) -> tuple[tuple[str, ...], list[Series]]:
    """Names of the regions and all series, of the same regions and made equally long where the settings ask for it."""
    regions: tuple[str, ...] = ()
    series, shapes = [], []
    for path in paths:
        names, values = read_matrix(path, source.rows == "regions")
        shapes.append(values.shape)
        regions = regions or names
        if len(names) != len(regions):
            raise Fault(
                f"{path} has {len(names)} regions and {paths[0].name} {len(regions)}; expected the same regions "
                f"in all series: correct one{_turned(shapes, source.rows)}."
            )
        if names != regions:
            place = next(place for place, name in enumerate(names) if name != regions[place])
            raise Fault(
                f"{path}: region {place + 1} is {names[place]!r} and in {paths[0].name} {regions[place]!r}; "
                "expected the same names in the same order: correct one header."
            )
        kept = _kept(regions, source.leave_out, path)
        checked = checked_values(values[:, kept], [regions[place] for place in kept], str(path))
        series.append(Series(path.stem, path.stem, checked, source.sample_s or float("nan")))
    kept_names = tuple(regions[place] for place in _kept(regions, source.leave_out, paths[0]))
    return kept_names, _made_equal(series, source.unequal, paths)


def _turned(shapes: list[tuple[int, ...]], rows: str) -> str:
    """A hint where the files look transposed: as many samples in each, but not as many regions."""
    other = "regions" if rows == "samples" else "samples"
    return f", or set data.source.rows to {other}" if len({shape[0] for shape in shapes}) == 1 else ""


def _kept(regions: tuple[str, ...], left_out: list[str], path: Path) -> list[int]:
    unknown = [name for name in left_out if name not in regions]
    if unknown:
        raise Fault(
            f"{path} has no region {unknown[0]!r}; expected one of its {len(regions)} names in "
            f"data.source.leave_out, such as {regions[0]!r}: correct it."
        )
    kept = [place for place, name in enumerate(regions) if name not in left_out]
    if len(kept) < 2:
        raise Fault(
            f"{path} has {len(kept)} regions that are used; expected at least two, since connectivity is between "
            "regions: give more regions or leave out fewer."
        )
    return kept


def _made_equal(series: list[Series], unequal: str, paths: list[Path]) -> list[Series]:
    lengths = [len(one.values) for one in series]
    shortest, longest = int(np.argmin(lengths)), int(np.argmax(lengths))
    if unequal == "refuse" and lengths[shortest] != lengths[longest]:
        raise Fault(
            f"{paths[shortest]} has {lengths[shortest]} samples and {paths[longest].name} {lengths[longest]}; "
            "expected series of one length: set data.source.unequal to mask or cut."
        )
    if unequal == "cut":
        return [replace(one, values=one.values[: lengths[shortest]]) for one in series]
    return series


def labelled(series: list[Series], paths: list[Path], table: Path) -> list[Series]:
    """The series with label and owner from a table; every series has exactly one row, every row a series."""
    frame = read_frame(table, text_columns=("file", "label", "owner"))
    require_columns(frame, ("file", "label"), table)
    for column in ("file", "label", *(["owner"] if "owner" in frame else [])):
        empty = frame[column].isna() | (frame[column].astype(str).str.strip() == "")
        if empty.any():
            raise Fault(
                f"{table}: row {frame.index[empty][0]}: the {column} is empty; expected text in every row: fill "
                "it in or delete the row."
            )
    again = frame["file"].duplicated()
    if again.any():
        raise Fault(
            f"{table}: row {frame.index[again][0]}: file {frame.loc[again, 'file'].iloc[0]!r} has a second row; "
            "expected one label for each file: delete one."
        )
    names = [path.name for path in paths]
    strange = ~frame["file"].isin(names)
    if strange.any():
        raise Fault(
            f"{table}: row {frame.index[strange][0]}: file {frame.loc[strange, 'file'].iloc[0]!r} is not a series in "
            f"{paths[0].parent}; expected one of its {len(names)} file names, such as {names[0]!r}: correct it or "
            "delete the row."
        )
    rows = frame.set_index("file")
    missing = [name for name in names if name not in rows.index]
    if missing:
        raise Fault(
            f"{table} has no row for {missing[0]!r} of {paths[0].parent}; expected a label for each series: add "
            "the row or move the file."
        )
    owners = rows["owner"] if "owner" in rows else rows.index.to_series()
    return [
        replace(one, label=str(rows.loc[name, "label"]), owner=str(owners[name]))
        for one, name in zip(series, names, strict=True)
    ]
