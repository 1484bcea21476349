"""The order of planned windows: which settings, and the reference again and again between them."""

import numpy as np

from wattshed.config.clocks.block import ClocksBlock

# A slowdown limit of a few percent lies near the maximum, so the settings are closer together there.
CROWDING = 1.5


def spread_clocks(settings: tuple[int, ...], points: int) -> tuple[int, ...]:
    """``points`` legal settings from the lowest to the highest (fewer if fewer exist), denser near the top."""
    legal = np.array(sorted(settings))
    shares = np.linspace(0, 1, points) ** CROWDING
    wanted = legal[-1] - shares * (legal[-1] - legal[0])
    nearest = np.abs(legal[None, :] - wanted[:, None]).argmin(axis=1)
    return tuple(int(setting) for setting in legal[np.unique(nearest)])


def plan_order(settings: tuple[int, ...], repeats: int, seed: int) -> list[int]:
    """Rounds of all settings, each in its own random order, with the maximum at the start and middle of
    each round and at the very end: drift is then visible in the reference and not mistaken for an effect of the
    setting.
    """
    random = np.random.default_rng(seed)
    *others, maximum = settings
    half = len(others) // 2
    plan = []
    for _ in range(repeats):
        shuffled = [int(setting) for setting in random.permutation(others)]
        plan += [maximum, *shuffled[:half], maximum, *shuffled[half:]]
    return [*plan, maximum]


def first_plan(legal: tuple[int, ...], block: ClocksBlock) -> list[int]:
    """Warm-up at the maximum, and then the coarse rounds of a refined search or the whole of a full one."""
    rounds = block.coarse_rounds
    settings = spread_clocks(legal, block.points)
    return [settings[-1]] * block.warm_up_repeats + plan_order(settings, rounds, block.seed)


def planned_windows(points: int, rounds: int, warm_up: int) -> int:
    """Length of :func:`first_plan` where ``points`` settings exist."""
    return warm_up + rounds * (points + 1) + 1
