"""A copy of the repository in which the real DAG has run once on a tiny study."""

from collections.abc import Callable
from pathlib import Path

import pytest

from checkouts import Checkout, copy_checkout, copy_files


@pytest.fixture(scope="session")
def copy_of_the_repository(root: Path) -> Callable[[Path], Path]:
    """Copies the repository, without results, into the given folder."""
    return lambda folder: copy_files(root, folder)


@pytest.fixture(scope="session")
def finished(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The tiny study, run for real with an empty home."""
    checkout = copy_checkout(root, tmp_path_factory.mktemp("checkout") / "wattshed")
    checkout.tiny()
    return checkout


@pytest.fixture
def results(finished: Checkout) -> Path:
    return finished.folder / "results/tiny"
