"""Similarity of nodes, computed for blocks of rows."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from wattshed.config.data.graph import GraphBlock
from wattshed.data.panel import Panel
from wattshed.data.splits import Segment

POWER_COLUMNS = ("p1", "p2", "p3", "p4", "p5", "p6")


class Similarity(Protocol):
    @property
    def count(self) -> int: ...

    def rows(self, rows: np.ndarray) -> np.ndarray:
        """Similarities of the given nodes to all nodes [rows, N], float64, at most 1."""
        ...


@dataclass(frozen=True)
class MetadataSimilarity:
    """The source study's similarity: place, contracted power and tariff (its graph_construction, default weights).

    s = w_geo (1 - cosdist(province, municipality)) + w_power (1 - d / max d) + w_tariff (same tariff);
    the cosine of two concatenated one-hot pairs is the share of equal entries.
    """

    province: np.ndarray
    municipality: np.ndarray
    tariff: np.ndarray
    power: np.ndarray
    largest_distance: float
    weights: tuple[float, float, float]

    @property
    def count(self) -> int:
        return len(self.province)

    def rows(self, rows: np.ndarray) -> np.ndarray:
        geography, power, tariff = self.weights
        same_place = (self.province[rows, None] == self.province[None, :]).astype(np.float64)
        same_place += self.municipality[rows, None] == self.municipality[None, :]
        result = 0.5 * geography * same_place
        result += power * (1 - cdist(self.power[rows], self.power) / self.largest_distance)
        result += tariff * (self.tariff[rows, None] == self.tariff[None, :])
        return result


def metadata_similarity(nodes: pd.DataFrame, block: GraphBlock) -> MetadataSimilarity:
    """From a node table with ``province, municipality, contracted_tariff`` and any of ``p1..p6`` [kW]."""
    known = [name for name in POWER_COLUMNS if name in nodes.columns and nodes[name].notna().any()]
    if known:
        raw = nodes[known].to_numpy(dtype=np.float64)
        deviation = np.nanstd(raw, axis=0)
        scaled = (raw - np.nanmean(raw, axis=0)) / np.where(deviation > 0, deviation, 1.0)
        power = np.nan_to_num(scaled, nan=0.0)
    else:
        power = np.zeros((len(nodes), 1))
    largest = max(
        (float(cdist(power[start : start + 256], power).max()) for start in range(0, len(power), 256)),
        default=0.0,
    )
    return MetadataSimilarity(
        province=pd.factorize(nodes["province"].astype(str))[0],
        municipality=pd.factorize(nodes["municipality"].astype(str))[0],
        tariff=pd.factorize(nodes["contracted_tariff"].astype(str))[0],
        power=power,
        largest_distance=largest or 1.0,
        weights=(block.geography_weight, block.power_weight, block.tariff_weight),
    )


@dataclass(frozen=True)
class ProfileSimilarity:
    """Pearson correlation of the profiles of a week."""

    unit_profiles: np.ndarray

    @property
    def count(self) -> int:
        return len(self.unit_profiles)

    def rows(self, rows: np.ndarray) -> np.ndarray:
        return (self.unit_profiles[rows] @ self.unit_profiles.T).astype(np.float64)


def load_shape_similarity(panel: Panel, train: Segment) -> ProfileSimilarity:
    """Mean load of each step of the week over observed training cells, as unit vectors [N, 168 h in steps]."""
    profiles = step_of_week_means(panel, train).T
    centred = profiles - profiles.mean(axis=1, keepdims=True)
    norm = np.linalg.norm(centred, axis=1, keepdims=True)
    return ProfileSimilarity((centred / np.where(norm > 0, norm, 1.0)).astype(np.float32))


def hour_of_week(panel: Panel) -> np.ndarray:
    """Hour of the local week in which each step begins, Monday 0:00 is 0 [T]."""
    local = panel.local_times
    return (local.day_of_week * 24 + local.hour).to_numpy()


def step_of_week(panel: Panel) -> np.ndarray:
    """Step of the local week of each step, Monday 0:00 is 0 [T]; the hour of the week in an hourly panel."""
    minute = panel.local_times.minute.to_numpy()
    return hour_of_week(panel) * panel.steps_per_hour + minute // panel.step_minutes


def step_of_week_means(panel: Panel, segment: Segment) -> np.ndarray:
    """Mean of the observed cells for each step of the local week [168 h in steps, N]; the node's mean for steps without
    an observation."""
    seen = panel.observed[segment.start : segment.stop]
    cells = np.where(seen, panel.values[segment.start : segment.stop], np.float32(0))
    bins = step_of_week(panel)[segment.start : segment.stop]
    sums = np.zeros((panel.steps_per_week, cells.shape[1]))
    counts = np.zeros((panel.steps_per_week, cells.shape[1]))
    for step in range(panel.steps_per_week):
        sums[step] = cells[bins == step].sum(axis=0, dtype=np.float64)
        counts[step] = seen[bins == step].sum(axis=0)
    node_mean = sums.sum(axis=0) / np.maximum(counts.sum(axis=0), 1)
    return np.where(counts > 0, sums / np.maximum(counts, 1), node_mean[None, :])
