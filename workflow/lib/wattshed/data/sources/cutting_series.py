"""Series of regions become a panel of classes: each is cut into parts, and the parts into windows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from wattshed.data.labelled import LabelledWindows
from wattshed.data.panel import HOUR, Panel
from wattshed.data.sources.source import Cutting
from wattshed.foundation.faults import Fault

PARTS = ("train", "validation", "test", "later")
# Rows are numbered by hours from here on; nothing was recorded then.
FIRST = np.datetime64("2000-01-01T00:00:00", "s")


class CuttingKeys(Protocol):
    """What is read from a settings block."""

    @property
    def training_stride(self) -> int: ...

    @property
    def minimum_known_share(self) -> float: ...

    @property
    def gap_samples(self) -> int: ...


@dataclass(frozen=True)
class Series:
    """One series: values float32 [samples, R]; label: its class; sample_s: seconds between samples, NaN if unknown;
    owner: whose series it is, by default its own."""

    name: str
    label: str
    values: np.ndarray
    sample_s: float = float("nan")
    owner: str = ""


@dataclass(frozen=True)
class Stretch:
    """Samples ``start <= sample < stop`` of series number ``owner``, all in one part (index of ``PARTS``)."""

    owner: int
    part: int
    start: int
    stop: int


def in_time(series: Sequence[Series], cutting: Cutting, gap: int) -> list[Stretch]:
    """Each series is cut in its own time: its first samples train, its last ones come later.

    gap: samples that are left out before each part but the first. For classes that every series' own samples decide,
    such as whose it is.
    """
    ends = np.cumsum([0.0, cutting.train_share, cutting.validation_share, cutting.test_share])
    stretches = []
    for owner, one in enumerate(series):
        edges = [*np.round(len(one.values) * ends).astype(int).tolist(), len(one.values)]
        for part in range(len(PARTS)):
            stretches.append(Stretch(owner, part, edges[part] + (gap if part else 0), edges[part + 1]))
    return stretches


def by_owner(series: Sequence[Series], cutting: Cutting, where: str, seed: int = 0) -> list[Stretch]:
    """All series of one owner are in one part; the parts' shares hold for the owners of each class.

    seed: of the order in which owners are dealt out. Raises :class:`Fault` for a class with fewer owners than parts,
    and for an owner of two classes.
    """
    later = 1 - cutting.train_share - cutting.validation_share - cutting.test_share
    shares = np.array([cutting.train_share, cutting.validation_share, cutting.test_share, later])
    label_of: dict[str, str] = {}
    for one in series:
        owner = one.owner or one.name
        if label_of.setdefault(owner, one.label) != one.label:
            raise Fault(
                f"{where}: owner {owner!r} has series of the classes {label_of[owner]!r} and {one.label!r}; "
                "expected one class for each owner: correct a label."
            )
    random = np.random.default_rng(seed)
    part_of: dict[str, int] = {}
    for label in sorted(set(label_of.values())):
        owners = sorted(owner for owner, own in label_of.items() if own == label)
        if len(owners) < len(PARTS):
            raise Fault(
                f"{where}: class {label!r} has {len(owners)} owners of series; expected at least {len(PARTS)}, "
                f"one for each of {', '.join(PARTS)}: give more series or take the class out."
            )
        parts = np.repeat(np.arange(len(PARTS)), _dealt(len(owners), shares)).tolist()
        part_of |= {
            owners[place]: part for place, part in zip(random.permutation(len(owners)), parts, strict=True)
        }
    return [
        Stretch(number, part_of[one.owner or one.name], 0, len(one.values))
        for number, one in enumerate(series)
    ]


def _dealt(count: int, shares: np.ndarray) -> np.ndarray:
    """Counts by share that add up to ``count``, each at least one: the part that lacks most gets the next."""
    counts = np.ones(len(shares), dtype=int)
    while counts.sum() < count:
        counts[int(np.argmax(shares * count - counts))] += 1
    return counts


def cut_panel(
    series: Sequence[Series],
    regions: Sequence[str],
    stretches: Sequence[Stretch],
    length: int,
    keys: CuttingKeys,
    source: str,
    notes: tuple[str, ...] = (),
    synthetic: bool = False,
    hint: str = "",
) -> Panel:
    """The panel of classes [rows, classes], whose rows are windows of ``length`` samples.

    Training windows of a series start ``training_stride`` samples apart; those of the other parts follow one another.
    A part is in order of time: rows are sorted by the middle of a window as a share of its own stretch, so that 24 rows
    that follow one another, the panel's day, are one stretch of time of the series. hint: what else may help where
    there are too few samples. Raises :class:`Fault` for a stretch that is too short, and for fewer than two classes.
    """
    labels = sorted({one.label for one in series})
    if len(labels) < 2:
        raise Fault(
            f"{source}: all {len(series)} series are of class {labels[0] if labels else 'none'!r}; expected at "
            "least two classes: give series of another class."
        )
    first_sample = np.cumsum([0, *[len(one.values) for one in series]])
    rows: list[tuple[int, float, int, int, int]] = []
    for stretch in stretches:
        name = series[stretch.owner].name
        for start, known in _windows_of(stretch, length, keys, f"{source}: series {name!r}", hint):
            middle = (start - stretch.start + known / 2) / max(1, stretch.stop - stretch.start)
            rows.append((stretch.part, middle, stretch.owner, start, known))
    rows.sort()
    parts, _, owners, starts, lengths = (np.array(column) for column in zip(*rows, strict=True))
    classes = np.array([labels.index(one.label) for one in series])[owners]
    ends = np.searchsorted(parts, [0, 1, 2], side="right")
    padded = int((lengths < length).sum())
    values = np.eye(len(labels), dtype=np.float32)[classes]
    nodes = pd.DataFrame(
        {"series": [sum(one.label == label for one in series) for label in labels]},
        index=pd.Index(labels, name="node"),
    )
    return Panel(
        values=values,
        observed=np.ones(values.shape, dtype=bool),
        times=FIRST + np.arange(len(rows)) * HOUR,
        nodes=nodes,
        unit="probability",
        timezone="UTC",
        source=source,
        synthetic=synthetic,
        notes=(
            "The times number the windows; nothing was recorded then.",
            f"{padded} of {len(rows)} windows are shorter than {length} samples, padded and masked.",
            *notes,
        ),
        windows=LabelledWindows(
            series=np.concatenate([one.values for one in series]).astype(np.float32),
            regions=tuple(regions),
            starts=(first_sample[owners] + starts).astype(np.int64),
            lengths=lengths.astype(np.int64),
            owners=owners.astype(np.int64),
            length=length,
            sample_s=tuple(one.sample_s for one in series),
            owner_names=tuple(one.name for one in series),
        ),
        cuts=(int(ends[0]), int(ends[1]), int(ends[2])),
    )


def rows_of(
    series: Sequence[Series], stretches: Sequence[Stretch], length: int, keys: CuttingKeys, source: str
) -> tuple[int, ...]:
    """How many rows of each part :func:`cut_panel` makes."""
    rows = [0] * len(PARTS)
    for stretch in stretches:
        where = f"{source}: series {series[stretch.owner].name!r}"
        rows[stretch.part] += len(_windows_of(stretch, length, keys, where, ""))
    return tuple(rows)


def _windows_of(
    stretch: Stretch, length: int, keys: CuttingKeys, where: str, hint: str
) -> list[tuple[int, int]]:
    """First sample and known samples of each window of a stretch."""
    samples = stretch.stop - stretch.start
    if samples >= length:
        step = keys.training_stride if stretch.part == 0 else length
        return [(start, length) for start in range(stretch.start, stretch.stop - length + 1, step)]
    if samples < max(2, keys.minimum_known_share * length):
        raise Fault(
            f"{where} has {max(0, samples)} samples in its part {PARTS[stretch.part]!r}; expected at least "
            f"{int(np.ceil(max(2, keys.minimum_known_share * length)))} for one window of {length}: choose "
            "shorter windows (data.windows.look_back_h), other shares (data.splits) or a lower "
            f"data.source.minimum_known_share{hint}."
        )
    return [(stretch.start, samples)]
