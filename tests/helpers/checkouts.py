"""Copies of the repository in which tests run the real DAG, and edit what they like."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


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
        # A hundred jobs import this copy's library: it is compiled once.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        words = [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]
        run = subprocess.run(words, cwd=self.folder, env=environment, capture_output=True, text=True)
        assert not check or run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
        return run

    def tiny(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess:
        return self.snakemake("--configfile", "tests/workflow/tiny.yaml", *arguments, check=check)

    def rules_to_run(self, configfile: str = "tests/workflow/tiny.yaml") -> set[str]:
        """Names of the rules that a dry-run would execute."""
        return set(self.jobs_to_run(configfile))

    def jobs_to_run(self, configfile: str = "tests/workflow/tiny.yaml", *targets: str) -> dict[str, int]:
        """How many jobs of each rule a dry-run would execute for the targets, or for the whole study."""
        answer = self.snakemake("--configfile", configfile, "--dry-run", "--", *targets)
        return planned_jobs(answer.stdout + answer.stderr)


def planned_jobs(text: str) -> dict[str, int]:
    """How many jobs of each rule Snakemake says that it would execute."""
    if "Nothing to be done" in text:
        return {}
    table = [line.split() for line in text.split("Job stats:")[-1].split("total")[0].splitlines()]
    return {row[0]: int(row[1]) for row in table if len(row) == 2 and row[1].isdigit()}


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


@contextmanager
def edited(path: Path, change: Callable[[str], str]) -> Iterator[None]:
    """The file with its text changed, and afterwards as it was.

    Python takes a module that it compiled for the same one if second and size of its source are the same: the changed
    file, which may be gone within its second, gets a time of its own.
    """
    before, as_of = path.read_text(), path.stat()
    path.write_text(change(before))
    os.utime(path, (as_of.st_atime, as_of.st_mtime - 10))
    try:
        yield
    finally:
        path.write_text(before)
