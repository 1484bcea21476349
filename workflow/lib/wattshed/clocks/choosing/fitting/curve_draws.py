"""Time and power over all legal settings, as draws from what the measured windows leave open.

Draws first pick a law and the size of the deviations from it, by their evidence, and then coefficients and deviations
(Bayesian model averaging: Hoeting et al., Statistical Science 14, 1999; deviations of a computer model as a Gaussian
process: Kennedy and O'Hagan, Journal of the Royal Statistical Society B 63, 2001). No law is true of a GPU to the last
percent. So what a law says of a setting stays uncertain, however many windows there are elsewhere, and only the
setting's own windows, or those beside it, make it certain.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from wattshed.clocks.choosing.fitting.deviations import DEVIATIONS, Deviations
from wattshed.clocks.choosing.fitting.laws import Laws, power_laws, time_laws
from wattshed.clocks.choosing.fitting.setting_means import SettingMeans

OVERSAMPLING = 4
# No draw is nearer to 0 than this share of the value at the highest measured setting.
LEAST_VALUE = 1e-3


@dataclass(frozen=True)
class CurveDraws:
    """Draws [B, L] of the time of a call [s] and of the power [W] at ``settings`` [L], ascending.

    time_misfit, power_misfit: typical deviation of a setting from its law, as a share.
    """

    settings: np.ndarray
    time_s: np.ndarray
    power_w: np.ndarray
    time_misfit: float
    power_misfit: float

    @property
    def energy_j(self) -> np.ndarray:
        return self.time_s * self.power_w

    @property
    def slowdown(self) -> np.ndarray:
        """Share relative to the maximum, the last setting; positive is slower."""
        return np.asarray(self.time_s / self.time_s[:, -1:] - 1)

    @property
    def saving(self) -> np.ndarray:
        """Share relative to the maximum, the last setting; positive is less energy."""
        energy_j = self.energy_j
        return np.asarray(1 - energy_j / energy_j[:, -1:])


def draw_curves(
    means: SettingMeans, legal: tuple[int, ...], draws: int, random: np.random.Generator
) -> CurveDraws:
    """``draws`` curves over the legal settings (ascending), from the means of the measured ones, all legal.

    The values at measured settings do not depend on which others are legal.
    """
    settings = np.asarray(legal, dtype=float)
    share = settings / settings[-1]
    at = np.searchsorted(settings, means.settings)
    times = _Points(at, means.time_s, means.counts, means.time_noise, means.freedom)
    powers = _Points(at, means.power_w, means.counts, means.power_noise, means.freedom)
    beside = random.spawn(1)[0]
    time_s, time_misfit = _draw(time_laws(share, share[at]), times, share, draws, random, beside)
    power_w, power_misfit = _draw(power_laws(share, share[at]), powers, share, draws, random, beside)
    return CurveDraws(settings, time_s, power_w, time_misfit, power_misfit)


@dataclass(frozen=True)
class _Points:
    """Means [J] of ``counts`` windows each at the positions ``at``; noise: of one window, as a share, known from
    ``freedom`` repeats."""

    at: np.ndarray
    values: np.ndarray
    counts: np.ndarray
    noise: float
    freedom: float

    @property
    def variances(self) -> np.ndarray:
        """Of each mean, as a squared share."""
        return np.asarray(self.noise**2 / self.counts)


@dataclass(frozen=True)
class _Solved:
    """Coefficients [G, K], their covariance [G, K, K], logarithms of the laws' evidence [G]."""

    beta: np.ndarray
    covariance: np.ndarray
    log_evidence: np.ndarray


def _draw(
    laws: Laws,
    points: _Points,
    share: np.ndarray,
    draws: int,
    random: np.random.Generator,
    beside: np.random.Generator,
) -> tuple[np.ndarray, float]:
    """Draws [B, L] of the curve, and the typical deviation. beside: for the settings that were not measured."""
    scale = points.values[-1]
    y = points.values / scale
    typical = _typical(laws, points, y)
    relative = laws.design / typical[None, :, None]
    measured = y / typical[points.at]
    # The measured settings come first: their draws then depend on nothing else.
    order = np.concatenate([points.at, np.setdiff1d(np.arange(len(share)), points.at)])
    processes = [Deviations(kind, share[order], points.variances) for kind in DEVIATIONS]
    solved = [_solve(laws, relative[:, points.at], measured, one.whitening) for one in processes]
    evidence = np.stack([one.log_evidence for one in solved])
    evidence += np.array([one.log_weight - one.log_volume / 2 for one in processes])[:, None]
    weights = np.exp(evidence - evidence.max())
    weights /= weights.sum()
    picked = random.choice(weights.size, size=draws * OVERSAMPLING, p=weights.ravel())
    process, law = np.unravel_index(picked, weights.shape)
    # The noise is itself estimated: Student's t instead of the normal distribution.
    wide = np.sqrt(points.freedom / random.chisquare(points.freedom, size=len(picked)))
    beta = _coefficients(solved, picked, weights.shape, wide, random)
    # Signs are part of the laws. Draws against them give way to others, as long as there are enough.
    lawful = (beta >= -1e-6).all(axis=1)
    chosen = np.argsort(~lawful, kind="stable")[:draws]
    beta, process, wide = np.maximum(beta[chosen], 0), process[chosen], wide[chosen]
    curves = np.einsum("blk,bk->bl", relative[law[chosen]], beta)
    own = random.standard_normal((draws, len(points.at))) * wide[:, None]
    other = beside.standard_normal((draws, len(share) - len(points.at)))
    normal = np.hstack([own, other])
    for which, rows in _groups(process):
        left = measured - curves[np.ix_(rows, points.at)]
        curves[np.ix_(rows, order)] += processes[which].draw(left, normal[rows])
    misfit = sum(
        float(weight) * one.variance for weight, one in zip(weights.sum(axis=1), processes, strict=True)
    )
    return np.maximum(curves * typical, LEAST_VALUE) * scale, float(np.sqrt(misfit))


def _typical(laws: Laws, points: _Points, y: np.ndarray) -> np.ndarray:
    """The curve [L] that errors are relative to: a law and not the noisy means, which would favour low ones."""
    at_points = y
    for _ in range(2):
        whitening = np.diag(1 / (np.sqrt(points.variances) * at_points))
        solved = _solve(laws, laws.design[:, points.at], y, whitening)
        best = int(solved.log_evidence.argmax())
        curve = laws.design[best] @ solved.beta[best]
        at_points = np.maximum(curve[points.at], 0.05 * y)
    # Never far from what was measured, nor from 0.
    typical = np.maximum(curve, 0.05 * y.min())
    typical[points.at] = at_points
    return typical


def _solve(laws: Laws, design: np.ndarray, y: np.ndarray, whitening: np.ndarray) -> _Solved:
    """design [G, J, K], y [J]; whitening [J, J]: times the errors, it gives independent ones of deviation 1."""
    white = whitening @ design
    target = whitening @ y
    precision = 1 / laws.deviations**2
    matrix = white.transpose(0, 2, 1) @ white
    diagonal = np.arange(matrix.shape[1])
    matrix[:, diagonal, diagonal] += precision
    right = target @ white + precision * laws.means
    covariance = np.linalg.inv(matrix)
    beta = np.einsum("gkl,gl->gk", covariance, right)
    errors = target - np.einsum("gjk,gk->gj", white, beta)
    squares = (errors**2).sum(axis=1) + (precision * (beta - laws.means) ** 2).sum(axis=1)
    volume = np.linalg.slogdet(covariance)[1] + np.log(precision).sum(axis=1)
    return _Solved(beta, covariance, laws.log_weights - squares / 2 + volume / 2)


def _coefficients(
    solved: list[_Solved],
    picked: np.ndarray,
    shape: tuple[int, ...],
    wide: np.ndarray,
    random: np.random.Generator,
) -> np.ndarray:
    """Draws [B, K] of the coefficients of the picked processes and laws."""
    used, which = np.unique(picked, return_inverse=True)
    process, law = np.unravel_index(used, shape)
    centres = np.stack([solved[p].beta[g] for p, g in zip(process, law, strict=True)])
    spreads = np.stack([solved[p].covariance[g] for p, g in zip(process, law, strict=True)])
    roots = np.linalg.cholesky(spreads)[which]
    normal = random.standard_normal((len(picked), roots.shape[1])) * wide[:, None]
    return np.asarray(centres[which] + np.einsum("bkl,bl->bk", roots, normal))


def _groups(labels: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for label in np.unique(labels):
        yield int(label), np.flatnonzero(labels == label)
