"""A copy of the repository in which the real DAG has run once on a tiny study."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Checkout:
    """A checkout that a test may edit."""

    folder: Path
    home: Path

    def snakemake(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        environment = {
            **os.environ,
            "HOME": str(self.home),
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }
        # What the tests' own environment says of threads or paths must not reach the jobs.
        environment.pop("PYTHONPATH", None)
        words = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        run = subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert not check or run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
        return run

    def tiny(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        return self.snakemake("--configfile", "tests/workflow/tiny.yaml", *arguments, check=check)

    def rules_to_run(self, configfile: str = "tests/workflow/tiny.yaml") -> set[str]:
        """Names of the rules that a dry-run would execute."""
        answer = self.snakemake("--configfile", configfile, "--dry-run")
        text = answer.stdout + answer.stderr
        if "Nothing to be done" in text:
            return set()
        table = text.split("Job stats:")[-1].split("total")[0].splitlines()
        return {line.split()[0] for line in table if len(line.split()) == 2 and line.split()[1].isdigit()}


def copy_files(root: Path, folder: Path) -> Path:
    """Tracked and new files, as a commit would hold them; links stay links. Returns ``folder``."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for name in listed:
        source, target = root / name, folder / name
        if not source.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target, follow_symlinks=False)
    return folder


def copy_checkout(root: Path, folder: Path) -> Checkout:
    home = folder.parent / "home"
    home.mkdir()
    return Checkout(copy_files(root, folder), home)


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
