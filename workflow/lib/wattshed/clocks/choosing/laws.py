"""Time and power over all legal settings, as draws from what the measured windows leave open.

With s = setting over maximum and u = 1 / s the laws are

* time: T = t + b (u - 1) + c max(u - k, 0), with b, c >= 0: the plain law (c = 0), flat and then steep (b = 0), and two
  slopes, for knees k on a grid; work that memory bounds is flat at high clocks and steep at low ones;
* power: P = p + q min(s, k)^e, with p, q >= 0, for exponents e and knees k on grids; a power limit above what the work
  draws changes nothing.

Each law is a linear regression on relative errors with a weak Gaussian prior. Draws first pick a law by its evidence and
then its coefficients (Bayesian model averaging: Hoeting et al., Statistical Science 14, 1999), so a law that the data
cannot exclude stays in the interval. Where no law explains the means, a deviation of each setting from its law is
added, as large as the misfit: measured settings then speak for themselves, and others become uncertain.
"""

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from wattshed.clocks.choosing.setting_means import SettingMeans

EXPONENTS = np.arange(0.5, 5.01, 0.25)
TIME_KNEES = 30
POWER_KNEES = (0.5, 0.6, 0.7, 0.8, 0.9)
# Prior weights of the families: plain, flat and then steep, two slopes; and of a power without a knee.
TIME_FAMILIES = (0.4, 0.3, 0.3)
POWER_WITHOUT_KNEE = 0.8
# Standard deviations of the priors in units of the value at the maximum: level, first slope, second slope.
TIME_PRIOR = ((1.0, 0.2), (0.4, 0.4), (0.0, 0.8))
POWER_PRIOR = ((0.4, 0.4), (0.5, 0.5))
ABSENT = 1e-9
# A misfit less likely than this is laid to the laws and not to chance.
MISFIT_P_VALUE = 0.02
LEAST_MEANS_FOR_MISFIT = 5
OVERSAMPLING = 4


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
        """Share relative to the maximum, the last setting."""
        return self.time_s / self.time_s[:, -1:] - 1

    @property
    def saving(self) -> np.ndarray:
        """Share relative to the maximum, the last setting; positive is less energy."""
        energy_j = self.energy_j
        return 1 - energy_j / energy_j[:, -1:]


def draw_curves(
    means: SettingMeans, legal: tuple[int, ...], draws: int, random: np.random.Generator
) -> CurveDraws:
    """``draws`` curves over the legal settings (ascending), from the means of the measured ones."""
    settings = np.asarray(legal, dtype=float)
    share = settings / settings[-1]
    at = np.searchsorted(settings, means.settings)
    time_s, time_misfit = _draw(
        _time_design(share), at, means.time_s, means.counts, means.time_noise, means.freedom, draws, random
    )
    power_w, power_misfit = _draw(
        _power_design(share), at, means.power_w, means.counts, means.power_noise, means.freedom, draws, random
    )
    return CurveDraws(settings, time_s, power_w, time_misfit, power_misfit)


@dataclass(frozen=True)
class _Laws:
    """Laws G over settings L: design [G, L, K], prior means [K] and deviations [G, K], logarithms of weights [G]."""

    design: np.ndarray
    means: np.ndarray
    deviations: np.ndarray
    log_weights: np.ndarray


def _time_design(share: np.ndarray) -> _Laws:
    inverse = 1 / share
    # Knees between the second and the last but one setting, where both sides can be measured.
    knees = (
        np.unique(np.quantile(inverse, np.linspace(0.04, 0.9, TIME_KNEES)))
        if len(share) > 3
        else np.array([])
    )
    knees = knees[(knees > inverse.min()) & (knees < inverse.max())]
    plain = np.stack([np.ones_like(inverse), inverse - 1, np.zeros_like(inverse)], axis=1)
    bent = np.stack(
        [
            np.stack([np.ones_like(inverse), inverse - 1, np.maximum(inverse - knee, 0)], axis=1)
            for knee in knees
        ]
        or np.empty((0, *plain.shape))
    ).reshape(-1, *plain.shape)
    flat = bent.copy()
    flat[:, :, 1] = 0
    design = np.concatenate([plain[None], flat, bent])
    means, spread = np.array(TIME_PRIOR).T
    deviations = np.tile(spread, (len(design), 1))
    deviations[0, 2] = ABSENT
    deviations[1 : 1 + len(knees), 1] = ABSENT
    each = np.repeat(TIME_FAMILIES, [1, len(knees), len(knees)]) / np.repeat(
        [1, max(1, len(knees)), max(1, len(knees))], [1, len(knees), len(knees)]
    )
    return _Laws(design, means, deviations, np.log(each))


def _power_design(share: np.ndarray) -> _Laws:
    knees = np.array([1.0, *(knee for knee in POWER_KNEES if share[0] < knee)])
    weights = np.array(
        [POWER_WITHOUT_KNEE, *[(1 - POWER_WITHOUT_KNEE) / max(1, len(knees) - 1)] * (len(knees) - 1)]
    )
    grid = np.minimum(share[None, None, :], knees[:, None, None]) ** EXPONENTS[None, :, None]
    rises = grid.reshape(-1, len(share))
    design = np.stack([np.ones_like(rises), rises], axis=2)
    means, spread = np.array(POWER_PRIOR).T
    return _Laws(design, means, np.tile(spread, (len(design), 1)), np.log(np.repeat(weights, len(EXPONENTS))))


def _draw(
    laws: _Laws,
    at: np.ndarray,
    values: np.ndarray,
    counts: np.ndarray,
    noise: float,
    freedom: float,
    draws: int,
    random: np.random.Generator,
) -> tuple[np.ndarray, float]:
    """Draws [B, L] of the curve, and the misfit."""
    scale = values[-1]
    y = values / scale
    expected = y
    misfit = 0.0
    for _ in range(2):
        # Errors are relative to the curve and not to its noisy means, which would favour low ones.
        solved = _solve(laws, at, y, (noise**2 / counts + misfit**2) * expected**2)
        best = int(solved.log_evidence.argmax())
        expected = np.maximum(laws.design[best][at] @ solved.beta[best], 0.05 * y)
    misfit = _misfit(y / expected - 1, counts, noise, int((laws.deviations[best] > ABSENT).sum()))
    if misfit:
        solved = _solve(laws, at, y, (noise**2 / counts + misfit**2) * expected**2)
    curves, picked = _curves(laws, solved, freedom, draws, random)
    if misfit:
        curves = _with_deviations(curves, at, y, counts, noise, misfit, random)
    return curves * scale, misfit


@dataclass(frozen=True)
class _Solved:
    beta: np.ndarray
    covariance: np.ndarray
    log_evidence: np.ndarray


def _solve(laws: _Laws, at: np.ndarray, y: np.ndarray, variances: np.ndarray) -> _Solved:
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
    log_evidence = (
        laws.log_weights
        - squares / 2
        + np.linalg.slogdet(covariance)[1] / 2
        + np.log(precision).sum(axis=1) / 2
    )
    return _Solved(beta, covariance, log_evidence)


def _curves(
    laws: _Laws, solved: _Solved, freedom: float, draws: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
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
    order = np.argsort(~lawful, kind="stable")[:draws]
    beta = np.maximum(beta[order], 0)
    picked = picked[order]
    curves = np.einsum("blk,bk->bl", laws.design[picked], beta)
    return np.maximum(curves, 1e-3), picked


def _misfit(errors: np.ndarray, counts: np.ndarray, noise: float, parameters: int) -> float:
    freedom = len(errors) - parameters
    if len(errors) < LEAST_MEANS_FOR_MISFIT or freedom < 1:
        return 0.0
    weights = counts / noise**2
    squares = float((weights * errors**2).sum())
    if squares <= chi2.ppf(1 - MISFIT_P_VALUE, freedom):
        return 0.0
    return float(np.sqrt((squares - freedom) / weights.sum()))


def _with_deviations(
    curves: np.ndarray,
    at: np.ndarray,
    y: np.ndarray,
    counts: np.ndarray,
    noise: float,
    misfit: float,
    random: np.random.Generator,
) -> np.ndarray:
    """Curves times one plus each setting's deviation, which is known as well as the setting was measured."""
    deviations = misfit * random.standard_normal(curves.shape)
    own = noise**2 / counts
    trust = misfit**2 / (misfit**2 + own)
    residual = y / curves[:, at] - 1
    deviations[:, at] = trust * residual + np.sqrt(trust * own) * random.standard_normal(
        (len(curves), len(at))
    )
    return np.maximum(curves * (1 + deviations), 1e-3)
