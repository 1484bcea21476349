"""Functional connectivity of labelled windows and four features of its regions, for many windows at once.

Correlations, node strength, a clustering of triangles and eigenvector centrality are those of Rubinov and Sporns 2010
(doi 10.1016/j.neuroimage.2009.10.003), on the full weighted matrix with its diagonal.
"""

from dataclasses import dataclass

import numpy as np

from wattshed.data.labelled import LabelledWindows

# Names of the features in the order of their axis.
FEATURES = ("degree", "clustering", "eigenvector", "mean")
# A region whose deviation is below this share of its mean value does not change: what is left is rounding.
STILL = 1e-6
# Windows that are computed at once.
CHUNK = 64


@dataclass(frozen=True)
class WindowParts:
    """What networks read of all T rows of a panel, with each series kept once, however many windows overlap on it.

    series: float32 [samples, R], as recorded; starts, lengths: int64 [T] of each window in it; length: L, to which
    windows are padded; padded: whether any is shorter. mean, scale: float32 [T, R]; a sample's z-score is (sample -
    mean) * scale, and scale is 0 for a region that does not change. connectivity: float32 [T, R, R]; features: float32
    [T, R, 4].
    """

    series: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    length: int
    padded: bool
    mean: np.ndarray
    scale: np.ndarray
    connectivity: np.ndarray
    features: np.ndarray


def window_parts(windows: LabelledWindows) -> WindowParts:
    """Series, z-scores' parts, connectivity and features of all windows."""
    rows, regions = np.arange(len(windows.starts)), len(windows.regions)
    mean, scale = (np.empty((len(rows), regions), dtype=np.float32) for _ in range(2))
    fc = np.empty((len(rows), regions, regions), dtype=np.float32)
    features = np.empty((len(rows), regions, len(FEATURES)), dtype=np.float32)
    for start in range(0, len(rows), CHUNK):
        some = slice(start, start + CHUNK)
        known, values = windows.known(rows[some]), windows.raw(rows[some])
        centre, deviation, moves = _moments(values, known)
        mean[some] = centre[:, 0]
        scale[some] = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=moves)[:, 0]
        fc[some] = connectivity(z_scored(values, known), known)
        features[some] = node_features(fc[some].astype(np.float64))
    return WindowParts(
        windows.series,
        windows.starts,
        windows.lengths,
        windows.length,
        windows.padded,
        mean,
        scale,
        fc,
        features,
    )


def window_connectivity(windows: LabelledWindows, rows: np.ndarray) -> np.ndarray:
    """Correlations of the windows of these rows, float32 [B, R, R].

    A region that is constant in a window correlates with no region, itself included.
    """
    fc = np.empty((len(rows), len(windows.regions), len(windows.regions)), dtype=np.float32)
    # Some windows at a time: float64 of all would be large.
    for start in range(0, len(rows), CHUNK):
        some = slice(start, start + CHUNK)
        known = windows.known(rows[some])
        fc[some] = connectivity(z_scored(windows.raw(rows[some]), known), known)
    return fc


def z_scored(values: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Values [B, L, R] minus mean over deviation of the known samples of their window, float64; 0 elsewhere.

    known: bool [B, L]. The deviation is that of the population. A region that does not change is 0.
    """
    mean, deviation, moves = _moments(values, known)
    centred = np.where(known[:, :, None], values - mean, 0.0)
    scored: np.ndarray = np.divide(centred, deviation, out=np.zeros_like(centred), where=moves)
    return scored


def _moments(values: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean, deviation and whether it is more than rounding, of the known samples [B, 1, R], float64."""
    kept = known[:, :, None]
    count = np.maximum(kept.sum(axis=1, keepdims=True), 1)
    mean = np.where(kept, values, 0.0).sum(axis=1, keepdims=True, dtype=np.float64) / count
    centred = np.where(kept, values - mean, 0.0)
    deviation = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
    return mean, deviation, deviation > STILL * np.abs(mean)


def connectivity(scored: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Pearson correlations [B, R, R] of z-scored series [B, L, R], whose padding is 0, over the known samples "
    "[B, L]."""
    count = np.maximum(known.sum(axis=1), 1)[:, None, None]
    found: np.ndarray = np.clip(np.matmul(scored.transpose(0, 2, 1), scored) / count, -1.0, 1.0)
    return found


def node_features(fc: np.ndarray) -> np.ndarray:
    """Features [B, R, 4] of each region of symmetric matrices [B, R, R].

    Degree: sum of absolute correlations. Clustering: closed walks of three steps over degree; 0 where the degree is 0.
    Eigenvector: absolute part of the eigenvector of the largest eigenvalue. Mean: degree over the number of regions.
    """
    degree = np.abs(fc).sum(axis=2)
    walks = (np.matmul(fc, fc) * fc).sum(axis=2)
    clustering = np.divide(walks, degree, out=np.zeros_like(walks), where=degree > 0)
    _, vectors = np.linalg.eigh(fc)
    leading = np.abs(vectors[:, :, -1])
    return np.stack([degree, clustering, leading, degree / fc.shape[-1]], axis=-1)


def upper_triangles(fc: np.ndarray) -> np.ndarray:
    """Correlations of all pairs of regions [B, R (R - 1) / 2]."""
    first, second = np.triu_indices(fc.shape[-1], k=1)
    return fc[:, first, second]
