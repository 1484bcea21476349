"""The lightest study and a real Snakemake for it, in any folder."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import yaml


def light_study(checkout: Path, **metering) -> dict:
    """The tiny study with two nodes, for its first rules: panel, quality, splits, graph and one baseline.

    A fit of a baseline is measured several times, which takes about three seconds: tests name no more of them than they
    need.
    """
    config = yaml.safe_load((checkout / "tests/workflow/tiny.yaml").read_text())
    config["study"] = "light"
    config["controls"] = {"shuffled_graph": []}
    config["data"]["source"] = {"kind": "synthetic", "nodes": 2, "hours": 4000, "seed": 1}
    config["baselines"] = ["persistence"]
    # Both name another baseline of the tiny study.
    del config["rolling"]
    # A calibration takes as long as all the rest.
    del config["law"]
    del config["memory"]
    config["ladder"]["steps"] = [
        step for step in config["ladder"]["steps"] if step["name"] in config["models"]
    ]
    config["energy"]["metering"] = {"minimum_window_s": 0.05, "idle_s": 0.0, **metering}
    return config


def environment(folder: Path) -> dict[str, str]:
    """That of a user who works in ``folder``: this Python first, no library of the tests, caches beside the folder."""
    own = {
        **os.environ,
        "XDG_CACHE_HOME": str(folder.parent / "caches"),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    own.pop("PYTHONPATH", None)
    # All jobs import the checkout's library: it is compiled once.
    own.pop("PYTHONDONTWRITEBYTECODE", None)
    return own


def words(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "snakemake", "--cores", "2", *arguments]


def snakemake(
    folder: Path, *arguments: str, check: bool = True, **variables: str
) -> subprocess.CompletedProcess:
    """Snakemake with ``folder`` as its working directory, and with these variables in its environment."""
    own = environment(folder) | variables
    run = subprocess.run(words(*arguments), cwd=folder, env=own, capture_output=True, text=True)
    assert not check or run.returncode == 0, run.stdout[-4000:] + run.stderr[-4000:]
    return run


def wait_until(there: Callable[[], object], what: str, of: subprocess.Popen[str] | None = None) -> None:
    """Wait for another process: long enough for a slow machine, but not after the process `of` has ended."""
    for _ in range(6000):
        # Asked first: what an ended process did is there.
        ended = of is not None and of.poll() is not None
        if there():
            return
        if of is not None and ended:
            said = of.stderr.read() if of.stderr else ""
            raise AssertionError(f"the process ended with {of.returncode} before {what}: {said[-4000:]}")
        time.sleep(0.05)
    raise AssertionError(f"waited too long for {what}")
