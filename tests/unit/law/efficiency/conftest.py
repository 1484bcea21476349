"""Kernels that the source of the laws recorded; not committed, tests that need them skip without."""

from pathlib import Path

import pytest

from wattshed.law.efficiency.recorded_kernels import RecordedKernels, read_kernels

ENERGY_LAW = Path(__file__).resolve().parents[5] / "shared" / "data" / "energy_law"


def kernels(name: str) -> dict[tuple[str, str], RecordedKernels]:
    path = ENERGY_LAW / name
    if not path.is_file():
        pytest.skip("the recorded kernels (../shared/data/energy_law) are not here")
    return {("A100" if "A100" in one.gpu else "2080 Ti", one.operation): one for one in read_kernels(path)}


@pytest.fixture(scope="session")
def transformer_kernels() -> dict[tuple[str, str], RecordedKernels]:
    return kernels("transformer_efficiency.csv")


@pytest.fixture(scope="session")
def lstm_kernels() -> dict[tuple[str, str], RecordedKernels]:
    return kernels("lstm_efficiency.csv")
