"""A real sweep in a process of its own, on a driver that several processes share; tests and benchmarks end it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from fake_clock_driver import Driver

HELPERS = Path(__file__).resolve().parent
LIBRARY = HELPERS.parents[1] / "workflow/lib"
OPENED = """
import sys, time
from wattshed.config.clocks.block import ClocksBlock
from wattshed.foundation import plugins

block = ClocksBlock(
    backend="nvml", knob=sys.argv[1], points=3, repeats=100, min_point_s=0.02, nvml={"settle_s": 0}
)
opened = plugins.load("clock_backend", "nvml").open(block)
work = lambda: time.sleep(0.005)
"""
SWEEP = f"""{OPENED}
from wattshed.clocks.sweeping.sweep import run_sweep

run_sweep(opened, work, block)
"""
# What a sweep does with its back end; it starts faster than a whole one, which loads pandas.
LOOP = f"""{OPENED}
from itertools import cycle
from wattshed.clocks.backends.protocol import clock_given_back

with clock_given_back(opened):
    for setting in cycle(opened.settings()[:3]):
        opened.lock(setting)
        opened.measure(work, block.min_point_s)
"""
TURNS = (
    "nvmlDeviceSetGpuLockedClocks",
    "nvmlDeviceResetGpuLockedClocks",
    "nvmlDeviceSetPowerManagementLimit",
)
SOON_S = 0.01


class SweepProcess:
    """A sweep that is running. folder: of the driver; the sweep's notes lie there too."""

    def __init__(self, folder, knob="clock", program=SWEEP):
        self.driver = Driver(folder=folder)
        self.folder = folder
        path = os.pathsep.join(map(str, (HELPERS / "fake_nvml", HELPERS, LIBRARY)))
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, knob],
            env={**os.environ, "PYTHONPATH": path, "FAKE_NVML": str(folder), "XDG_CACHE_HOME": str(folder)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=(folder / "stderr.txt").open("ab"),
            start_new_session=True,
        )

    @property
    def notes(self):
        return sorted(self.folder.glob("wattshed/gpu_locks/*.json"))

    @property
    def watchdogs(self):
        """Process ids of this sweep's watchdogs, which only its own driver's log tells."""
        return {entry["pid"] for entry in self.driver.logged()} - {self.process.pid}

    def turns(self):
        return [entry for entry in self.driver.logged() if entry["call"] in TURNS]

    def wait_until(self, holds):
        while not holds():
            assert self.process.poll() is None, (self.folder / "stderr.txt").read_text()
            time.sleep(SOON_S)

    def wait_for_locks(self, count=3):
        """Until it has turned its knob that often."""
        locks = TURNS[0::2]
        self.wait_until(lambda: sum(entry["call"] in locks for entry in self.turns()) >= count)

    def end(self, number=signal.SIGKILL, *, group=False):
        """Send a signal, wait for the end; returns when the signal was sent, by the monotonic clock [s]."""
        sent_s = time.monotonic()
        (os.killpg if group else os.kill)(self.process.pid, number)
        self.process.wait()
        return sent_s

    def wait_for_watchdogs(self):
        """Until all have ended. Nothing collects an orphan's status here, so a zombie counts as ended."""
        for pid in self.watchdogs:
            while _runs(pid):
                time.sleep(SOON_S)


def _runs(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
