"""Time and power over all legal settings, as draws from what the measured windows leave open.

Draws first pick a law by its evidence and then its coefficients (Bayesian model averaging: Hoeting et al., Statistical
Science 14, 1999), so a law that the data cannot exclude stays in the interval. Where no law explains the means, a
deviation of each setting from its law is added, as large as the misfit: measured settings then speak for themselves,
and the others become uncertain.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from wattshed.clocks.choosing.fitting.laws import Laws, power_laws, time_laws
from wattshed.clocks.choosing.fitting.setting_means import SettingMeans

# A misfit less likely than this is laid to the laws and not to chance.
MISFIT_P_VALUE = 0.02
LEAST_MEANS_FOR_MISFIT = 5
OVERSAMPLING = 4
# No draw is nearer to 0 than this share of the value at the highest measured setting.
LEAST_VALUE = 1e-3


@dataclass(frozen=True)
class CurveDraws:
    """Draws [B, L] of the time of a call [s] and of the power [W] at ``settings`` [L], ascending.

    time_misfit, power_misfit: standard deviation of a setting from its law, as a share; 0 where the laws hold.
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
    """``draws`` curves over the legal settings (ascending), from the means of the measured ones, all legal."""
    settings = np.asarray(legal, dtype=float)
    share = settings / settings[-1]
    at = np.searchsorted(settings, means.settings)
    times = _Points(at, means.time_s, means.counts, means.time_noise, means.freedom)
    powers = _Points(at, means.power_w, means.counts, means.power_noise, means.freedom)
    time_s, time_misfit = _draw(time_laws(share), times, draws, random)
    power_w, power_misfit = _draw(power_laws(share), powers, draws, random)
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

    def variances(self, misfit: float) -> np.ndarray:
        """Of each mean, as a squared share."""
        return np.asarray(self.noise**2 / self.counts + misfit**2)


@dataclass(frozen=True)
class _Solved:
    """Coefficients [G, K], their covariance [G, K, K], logarithms of the laws' evidence [G]."""

    beta: np.ndarray
    covariance: np.ndarray
    log_evidence: np.ndarray


def _draw(laws: Laws, points: _Points, draws: int, random: np.random.Generator) -> tuple[np.ndarray, float]:
    """Draws [B, L] of the curve, and the misfit."""
    scale = points.values[-1]
    y = points.values / scale
    expected = y
    for _ in range(2):
        # Errors are relative to the curve and not to the noisy means, which would favour low ones.
        solved = _solve(laws, points.at, y, points.variances(0.0) * expected**2)
        best = int(solved.log_evidence.argmax())
        expected = np.maximum(laws.design[best][points.at] @ solved.beta[best], 0.05 * y)
    misfit = _misfit(points, y / expected - 1, laws.parameters(best))
    if misfit:
        solved = _solve(laws, points.at, y, points.variances(misfit) * expected**2)
    curves = _curves(laws, solved, points.freedom, draws, random)
    if misfit:
        curves = _with_deviations(curves, points, y, misfit, random)
    return curves * scale, misfit


def _solve(laws: Laws, at: np.ndarray, y: np.ndarray, variances: np.ndarray) -> _Solved:
    design = laws.design[:, at]
    weighted = design / variances[None, :, None]
    precision = 1 / laws.deviations**2
    matrix = np.einsum("gjk,gjl->gkl", weighted, design)
    diagonal = np.arange(matrix.shape[1])
    matrix[:, diagonal, diagonal] += precision
    right = np.einsum("gjk,j->gk", weighted, y) + precision * laws.means
    covariance = np.linalg.inv(matrix)
    beta = np.einsum("gkl,gl->gk", covariance, right)
    errors = y - np.einsum("gjk,gk->gj", design, beta)
    squares = (errors**2 / variances).sum(axis=1) + (precision * (beta - laws.means) ** 2).sum(axis=1)
    volume = np.linalg.slogdet(covariance)[1] + np.log(precision).sum(axis=1)
    return _Solved(beta, covariance, laws.log_weights - squares / 2 + volume / 2)


def _curves(
    laws: Laws, solved: _Solved, freedom: float, draws: int, random: np.random.Generator
) -> np.ndarray:
    weights = np.exp(solved.log_evidence - solved.log_evidence.max())
    many = draws * OVERSAMPLING
    picked = random.choice(len(weights), size=many, p=weights / weights.sum())
    used, which = np.unique(picked, return_inverse=True)
    roots = np.linalg.cholesky(solved.covariance[used])[which]
    # The noise is itself estimated: Student's t instead of the normal distribution.
    wide = np.sqrt(freedom / random.chisquare(freedom, size=many))
    normal = random.standard_normal((many, roots.shape[1])) * wide[:, None]
    beta = solved.beta[picked] + np.einsum("bkl,bl->bk", roots, normal)
    # Signs are part of the laws. Draws against them give way to others, as long as there are enough.
    lawful = (beta >= -1e-6).all(axis=1)
    chosen = np.argsort(~lawful, kind="stable")[:draws]
    curves = np.einsum("blk,bk->bl", laws.design[picked[chosen]], np.maximum(beta[chosen], 0))
    return np.asarray(np.maximum(curves, LEAST_VALUE))


def _misfit(points: _Points, errors: np.ndarray, parameters: int) -> float:
    """What a setting deviates from its law beside the noise; 0 where the noise explains the errors [J]."""
    freedom = len(errors) - parameters
    if len(errors) < LEAST_MEANS_FOR_MISFIT or freedom < 1:
        return 0.0
    weights = 1 / points.variances(0.0)
    squares = float((weights * errors**2).sum())
    if squares <= chi2.ppf(1 - MISFIT_P_VALUE, freedom):
        return 0.0
    return float(np.sqrt((squares - freedom) / weights.sum()))


def _with_deviations(
    curves: np.ndarray, points: _Points, y: np.ndarray, misfit: float, random: np.random.Generator
) -> np.ndarray:
    """Curves times one plus each setting's deviation, which is known as well as the setting was measured."""
    deviations = misfit * random.standard_normal(curves.shape)
    own = points.variances(0.0)
    trust = misfit**2 / (misfit**2 + own)
    residual = y / curves[:, points.at] - 1
    normal = random.standard_normal(residual.shape)
    deviations[:, points.at] = trust * residual + np.sqrt(trust * own) * normal
    return np.asarray(np.maximum(curves * (1 + deviations), LEAST_VALUE))
