"""Recorded sweeps (not committed; tests that need them skip without) and simulated ones."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from fake_clock_driver import Guarded
from made_power_logs import MARKS
from wattshed.clocks.backends.nvml import NvmlClocks
from wattshed.clocks.backends.simulated import SimulatedClocks
from wattshed.clocks.sweeping.sweep import run_sweep
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.config.clocks.recording import RecordingBlock
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


@pytest.fixture
def given(tmp_path):
    """A block for a log and its marks, which are written."""

    def write(log, marks=MARKS, encoding="utf-8", name="power.csv", **keys):
        path = tmp_path / name
        path.write_bytes(log if isinstance(log, bytes) else log.encode(encoding))
        if marks is not None:
            (tmp_path / "marks.csv").write_text(marks)
            keys["marks"] = str(tmp_path / "marks.csv")
        return RecordingBlock(path=str(path), **{"workload": "llama", **keys})

    return write


@pytest.fixture
def open_gpu(tmp_path):
    """Opens the back end on a driver in memory; what is still open is given back after the test."""
    opened = []

    def open_gpu(driver, wish="auto", block=None, **guard):
        gpu = NvmlClocks(
            block or NvmlBlock(settle_s=0),
            wish,
            nvml=driver.module,
            notes=tmp_path,
            guard=lambda note, path: Guarded(note, path, **guard),
        )
        opened.append((driver, gpu))
        return gpu

    yield open_gpu
    for driver, gpu in opened:
        driver._faults = {}
        gpu.reset()
