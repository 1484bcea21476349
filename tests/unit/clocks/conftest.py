"""Recorded sweeps (not committed; tests that need them skip without) and simulated ones."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.simulated import SimulatedBlock

FREQUENCY = Path(__file__).resolve().parents[4] / "shared" / "data" / "frequency"


@pytest.fixture
def recorded_csv() -> Path:
    path = FREQUENCY / "clock_sweeps.csv"
    if not path.is_file():
        pytest.skip("the recorded clock sweeps (../shared/data/frequency/clock_sweeps.csv) are not here")
    return path


@pytest.fixture
def published_json() -> Path:
    path = FREQUENCY / "published_picks.json"
    if not path.is_file():
        pytest.skip("the published picks (../shared/data/frequency/published_picks.json) are not here")
    return path


@pytest.fixture
def simulate() -> Callable[..., pd.DataFrame]:
    """A sweep of an invented GPU whose call takes 10 ms at the maximum clock; nothing is timed."""

    def run(seed: int = 0, repeats: int = 5, points: int = 12, **laws: float) -> pd.DataFrame:
        simulated = SimulatedBlock(**{"noise_cv": 0.03, **laws})
        block = ClocksBlock(
            simulated=simulated, seed=seed, repeats=repeats, points=points, search={"kind": "full"}
        )
        return run_sweep(SimulatedClocks(simulated, seed), lambda: None, block)

    return run
