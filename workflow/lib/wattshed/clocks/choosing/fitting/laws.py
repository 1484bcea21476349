"""Families of laws of time and power over the settings, as linear regressions with weak priors.

With s = setting over maximum and u = 1 / s, in units of the value at the maximum:

* time T = t + b (u - 1) + c max(u - k, 0), with b, c >= 0: the plain law (c = 0), flat and then steep (b = 0), and two
  slopes, for knees k on a grid: work that memory bounds is flat at high clocks and steep at low ones;
* time T = t + b (u^a - 1) / a for a < 1 (a logarithm at 0): work that waits the more, the lower the clock is;
* power P = p + q min(s, k)^e, with p, q >= 0, for exponents e > 0 and knees k on grids: a power limit above what the
  work draws changes nothing;
* power P = p + q (s^e - 1) / e for small and negative e (a logarithm at 0): it falls the faster, the lower the clock
  is, as where a GPU waits more and more.
"""

from dataclasses import dataclass

import numpy as np

EXPONENTS = np.arange(0.5, 5.01, 0.25)
# Exponents of powers that fall faster the lower the setting is, and of times that grow ever more slowly.
FALLING = (0.25, 0.0, -0.5, -1.0, -2.0)
BOWED = (0.0, 0.5)
TIME_KNEES = 30
POWER_KNEES = (0.5, 0.6, 0.7, 0.8, 0.9)
LEAST_SETTINGS_FOR_KNEE = 4
# Prior weights of the families: plain, flat and then steep, two slopes, bowed; power without a knee, with one, falling.
TIME_FAMILIES = (0.38, 0.28, 0.28, 0.06)
POWER_FAMILIES = (0.65, 0.15, 0.2)
# Means and standard deviations of the priors: level, first slope, second slope; constant, rise; level, fall.
TIME_PRIOR = ((1.0, 0.2), (0.4, 0.4), (0.0, 0.8))
POWER_PRIOR = ((0.4, 0.4), (0.5, 0.5))
FALLING_PRIOR = ((1.0, 0.2), (0.2, 0.3))
# Deviation of a coefficient that a law does not have.
ABSENT = 1e-9


@dataclass(frozen=True)
class Laws:
    """G laws with K coefficients over L settings: design [G, L, K], means and standard deviations [G, K] of the
    coefficients before any measurement, logarithms of the laws' weights [G]."""

    design: np.ndarray
    means: np.ndarray
    deviations: np.ndarray
    log_weights: np.ndarray


def time_laws(share: np.ndarray, measured: np.ndarray) -> Laws:
    """share [L]: settings over the maximum; measured [J]: those that were, ascending, between which knees may lie."""
    inverse = 1 / share
    knees = np.array([])
    if len(measured) >= LEAST_SETTINGS_FOR_KNEE:
        knees = 1 / (1 - np.linspace(0.04, 0.9, TIME_KNEES) * (1 - measured[0]))
    count = len(knees)
    flat, bent, bowed = slice(1, 1 + count), slice(1 + count, 1 + 2 * count), slice(1 + 2 * count, None)
    design = np.zeros((1 + 2 * count + len(BOWED), len(share), 3))
    design[:, :, 0] = 1
    design[:, :, 1] = inverse - 1
    design[flat, :, 1] = 0
    design[flat, :, 2] = design[bent, :, 2] = np.maximum(inverse[None, :] - knees[:, None], 0)
    design[bowed, :, 1] = [(inverse**a - 1) / a if a else np.log(inverse) for a in BOWED]
    mean, spread = np.array(TIME_PRIOR).T
    means, deviations = np.tile(mean, (len(design), 1)), np.tile(spread, (len(design), 1))
    deviations[0, 2] = deviations[bowed, 2] = ABSENT
    deviations[flat, 1] = ABSENT
    means[flat, 1] = 0
    sizes = (1, count, count, len(BOWED))
    weights = np.repeat(np.array(TIME_FAMILIES) / np.maximum(sizes, 1), sizes)
    return Laws(design, means, deviations, np.log(weights))


def power_laws(share: np.ndarray, measured: np.ndarray) -> Laws:
    """share, measured: as for :func:`time_laws`."""
    plain = share[None, :] ** EXPONENTS[:, None]
    knees = np.array([knee for knee in POWER_KNEES if measured[0] < knee])
    bent = np.minimum(share[None, None, :], knees[:, None, None]) ** EXPONENTS[None, :, None]
    falling = np.stack([(share**e - 1) / e if e else np.log(share) for e in FALLING])
    families = [plain, bent.reshape(-1, len(share)), falling]
    priors = (POWER_PRIOR, POWER_PRIOR, FALLING_PRIOR)
    sizes = [len(family) for family in families]
    rises = np.concatenate(families)
    # [G, 2, 2]: of each law and coefficient the mean and the standard deviation.
    prior = np.repeat(np.array(priors), sizes, axis=0)
    weights = np.repeat(np.array(POWER_FAMILIES) / np.maximum(sizes, 1), sizes)
    design = np.stack([np.ones_like(rises), rises], axis=2)
    return Laws(design, prior[:, :, 0], prior[:, :, 1], np.log(weights))
