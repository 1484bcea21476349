"""Energies that the laws' source released (not committed; tests that need them skip without), and made ones."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from wattshed.law.energy.points import EnergyPoints
from wattshed.law.energy.recorded import (
    LSTM_FILE,
    TRANSFORMER_FILE,
    read_lstm_energy,
    read_transformer_energy,
)

RECORDED = Path(__file__).resolve().parents[5] / "shared" / "data" / "energy_law"


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], Path]:
    """The path of a released file, by its name."""
    return _recorded


@pytest.fixture(scope="session")
def transformer() -> EnergyPoints:
    return read_transformer_energy(_recorded(TRANSFORMER_FILE))


@pytest.fixture(scope="session")
def lstm() -> EnergyPoints:
    return read_lstm_energy(_recorded(LSTM_FILE))


def _recorded(name: str) -> Path:
    path = RECORDED / name
    if not path.is_file():
        pytest.skip(f"the recorded energies of steps (../shared/data/energy_law/{name}) are not here")
    return path


@pytest.fixture
def made() -> Callable[..., EnergyPoints]:
    """Steps whose energy is 5 J plus 2 J and 3 J per second of two durations, with normal relative errors."""

    def make(rows: int = 200, noise: float = 0.0, seed: int = 0, **changed: object) -> EnergyPoints:
        random = np.random.default_rng(seed)
        times = random.uniform(1, 20, size=(rows, 2))
        energy = (5 + times @ [2.0, 3.0]) * (1 + noise * random.standard_normal(rows))
        given = {
            "source": "made steps",
            "predictors": times,
            "predictor_names": ("first_s", "second_s"),
            "energy_j": energy,
            "sizes": times,
            "size_names": ("first", "second"),
            "measured_time_s": energy / 50,
            "groups": {"third": np.arange(rows) % 3, "tenth": np.arange(rows) % 10},
        }
        return EnergyPoints(**{**given, **changed})

    return make
