"""A copy of the repository in which the real DAG has run once on a tiny study, with toy plug-ins."""

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from checkouts import Checkout, copy_checkout, copy_files
from toy_plugins import NAMED_TOYS, add_toys, with_toys


@pytest.fixture(scope="session")
def copy_of_the_repository(root: Path) -> Callable[[Path], Path]:
    """Copies the repository, without results, into the given folder."""
    return lambda folder: copy_files(root, folder)


@pytest.fixture(scope="session")
def finished(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """The tiny study with the toy plug-ins that it can name, run for real with an empty home."""
    checkout = copy_checkout(root, tmp_path_factory.mktemp("checkout") / "wattshed")
    add_toys(checkout.folder, *NAMED_TOYS)
    study = checkout.folder / "tests/workflow/tiny.yaml"
    study.write_text(yaml.safe_dump(with_toys(yaml.safe_load(study.read_text())), sort_keys=False))
    checkout.tiny()
    return checkout


@pytest.fixture
def results(finished: Checkout) -> Path:
    return finished.folder / "results/tiny"
