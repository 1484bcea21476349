"""What all tests share: the repository, a small panel, and a meter that writes a real ledger."""

from pathlib import Path

import pytest

from small_study import graph_of, small_panel, task_of
from wattshed.config.energy.metering import MeteringBlock
from wattshed.data.graph import Graph
from wattshed.forecast.protocol import ForecastTask

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture
def metering() -> MeteringBlock:
    return MeteringBlock(minimum_window_s=0.05, idle_s=0.0)


@pytest.fixture(scope="session")
def task() -> ForecastTask:
    return task_of(small_panel())


@pytest.fixture(scope="session")
def gappy_task() -> ForecastTask:
    return task_of(small_panel(missing_share=0.1))


@pytest.fixture(scope="session")
def graph(task: ForecastTask) -> Graph:
    return graph_of(task)
