"""A job beside other programs: its own energy, whether it is flagged, and what the guard says of it."""

import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from wattshed.accounts.guard.verdicts import guard
from wattshed.accounts.runs.collect import collect
from wattshed.accounts.runs.runs import runs_frame, windows_frame
from wattshed.energy.reading import JOULES_PER_KWH

RUNS = 10
EPOCHS = 11
RISE = 1.05
DRAWN = 200
JOBS = 8
# Shares of a core that the eight jobs use: 4-fold between the least and the most.
LOADS = (0.05, 0.07, 0.09, 0.11, 0.13, 0.15, 0.18, 0.2)
IDLE_W, CORE_W = 40.0, 25.0

# A small recurrent network on one thread; a run's work depends on its arguments alone.
TRAINING = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    import torch
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.metered_job import metered_job
    path, steps, epochs = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(1)
    torch.manual_seed(1)
    network = torch.nn.GRU(16, 64, batch_first=True)
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    batch = torch.randn(32, 48, 16)
    job = dict(stage="training", job="small", labels={"model": "small", "seed": 1})
    with metered_job(path, metering=MeteringBlock(idle_s=0.0), **job) as meter:
        for epoch in range(1, epochs + 1):
            with meter.window("epoch", epoch=epoch):
                for _ in range(steps):
                    optimiser.zero_grad()
                    network(batch)[0].square().mean().backward()
                    optimiser.step()
""")

# The counter of a machine with a known power: idle, and so many watts for each core that is busy.
KNOWN_MACHINE = textwrap.dedent("""
    import json, math, sys, time
    from dataclasses import asdict
    from pathlib import Path
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.host import Host
    from wattshed.energy.metered_job import metered_job
    from wattshed.energy.reading import JOULES_PER_KWH, Component
    from wattshed.energy.share.machine_use import MachineUse
    path, load, seconds = Path(sys.argv[1]), float(sys.argv[2]), float(sys.argv[3])
    idle_w, core_w = float(sys.argv[4]), float(sys.argv[5])

    class KnownMachine:
        resolution_s = 0.1
        def start(self):
            self.machine = MachineUse()
            self.first = time.time(), self.machine.busy_s()
        def read(self):
            joules = idle_w * (time.time() - self.first[0]) + core_w * (self.machine.busy_s() - self.first[1])
            return {"cpu": Component(joules / JOULES_PER_KWH, "measured", "known machine")}
        def stop(self): ...

    host = Host(None, None, path.parent / "idle", None)
    metering = MeteringBlock(idle_s=1.0, tick_every_s=1.0, sample_every_s=1.0)
    with metered_job(path, stage="s", job=path.stem, labels={}, metering=metering, host=host,
                     sensors=[KnownMachine()]) as meter:
        before_s = time.process_time()
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            until_s = time.process_time() + 0.2 * load
            began_s = time.monotonic()
            while time.process_time() < until_s:
                pass
            time.sleep(max(0.0, 0.2 - (time.monotonic() - began_s)))
        print(time.process_time() - before_s)
""")


@dataclass
class Beside:
    """Runs of one training beside a number of burners. Energies in J, one per run; rise: of its work."""

    burners: int
    rise: float = 1.0
    own_j: list[float] = field(default_factory=list)
    machine_j: list[float] = field(default_factory=list)
    flagged: int = 0
    windows: int = 0
    ledgers: list[Path] = field(default_factory=list)


@contextmanager
def burning(count: int) -> Iterator[None]:
    """So many processes that each keep one core busy; they belong to no job."""
    code = "import os\nwhile os.getppid() != 1: pass"
    children = [subprocess.Popen([sys.executable, "-S", "-c", code]) for _ in range(count)]
    try:
        if children:
            time.sleep(0.2)
        yield
    finally:
        for child in children:
            child.kill()
            child.wait()


def train(path: Path, steps: int, epochs: int = EPOCHS) -> None:
    subprocess.run([sys.executable, "-c", TRAINING, str(path), str(steps), str(epochs)], check=True)


def steps_per_epoch(folder: Path, epoch_s: float = 0.4) -> int:
    """So many steps that an epoch takes about this time here."""
    train(folder / "probe.jsonl", 20, 2)
    windows = windows_frame([folder / "probe.jsonl"])
    return max(5, round(20 * epoch_s / float(windows["duration_s"].min())))


def trainings_in_turns(folder: Path, steps: int) -> tuple[dict[int, Beside], Beside]:
    """The same training quiet, beside one burner and beside one per core, and quiet with 5 % more work, in turns."""
    found = {count: Beside(count) for count in sorted({0, 1, os.cpu_count() or 1})}
    risen = Beside(0, RISE)
    for number in range(RUNS):
        for beside in (*found.values(), risen):
            path = folder / f"beside-{beside.burners}-{beside.rise}" / str(number) / "small.jsonl"
            with burning(beside.burners):
                train(path, round(beside.rise * steps))
            windows = windows_frame([path])
            epochs = windows[windows["epoch"] > 1]
            beside.own_j.append(float(epochs["energy_kwh"].sum()) * JOULES_PER_KWH)
            beside.machine_j.append(float(epochs["machine_kwh"].sum()) * JOULES_PER_KWH)
            beside.flagged += int((epochs["alone"] == False).sum())  # noqa: E712
            beside.windows += len(epochs)
            beside.ledgers.append(path)
    return found, risen


def mean(values: list[float]) -> float:
    return statistics.mean(values)


def spread(values: list[float]) -> float:
    """Coefficient of variation."""
    return statistics.stdev(values) / statistics.mean(values)


def real_guard(folder: Path, found: dict[int, Beside], risen: Beside) -> dict[str, float]:
    """Real trials with one run a side: quiet against burdened, quiet against quiet, and a true rise of 5 %."""
    quiet = found[0].ledgers
    baselines = []
    for number, path in enumerate(quiet):
        baselines.append(folder / f"baseline-{number}.json")
        guard(_frames(path), baselines[-1], update=True)
    burdened = [
        guard(_frames(path), baseline).exit_code
        for count, beside in found.items()
        if count
        for path, baseline in zip(beside.ledgers, baselines, strict=True)
    ]
    alike = [
        guard(_frames(path), baseline).exit_code
        for path, baseline in zip([*quiet[1:], quiet[0]], baselines, strict=True)
    ]
    more = [
        guard(_frames(path), baseline).exit_code
        for path, baseline in zip(risen.ledgers, baselines, strict=True)
    ]
    return {
        "burdened": len(burdened),
        "burdened_alarms": burdened.count(1),
        "burdened_undecided": burdened.count(3),
        "quiet": len(alike),
        "quiet_alarms": alike.count(1),
        "risen": len(more),
        "risen_passed": more.count(0),
        "risen_undecided": more.count(3),
        "risen_caught": more.count(1),
    }


def ten_seeds_guard(found: dict[int, Beside], risen: Beside) -> dict[str, float]:
    """Trials of ten runs a side, each side drawn from the measured runs: runs differ as wholes.

    Shares of trials with an alarm: quiet against burdened, against quiet, and against a true rise of 5 %; and of
    burdened ones that end undecided. ``as_measured``: the one trial of all runs in the order in which they were
    measured, quiet against risen: exit code and change [%].
    """
    runs = runs_frame([found[0].ledgers[0]])
    measured = {count: [_epochs(path) for path in beside.ledgers] for count, beside in found.items()}
    more = [_epochs(path) for path in risen.ledgers]
    draw = np.random.default_rng(5)
    counts = {"burdened": 0, "undecided": 0, "quiet": 0, "risen": 0}
    with tempfile.TemporaryDirectory() as name:
        baseline = Path(name) / "baseline.json"
        for _ in range(DRAWN):
            guard((runs, _drawn(measured[0], draw)), baseline, update=True)
            burdened = measured[int(draw.choice([count for count in measured if count]))]
            for case, pool in (("burdened", burdened), ("quiet", measured[0]), ("risen", more)):
                code = guard((runs, _drawn(pool, draw)), baseline).exit_code
                counts[case] += code == 1
                counts["undecided"] += case == "burdened" and code == 3
        guard((runs, _as_seeds(measured[0])), baseline, update=True)
        report = guard((runs, _as_seeds(more)), baseline)
    shares = {case: count / DRAWN for case, count in counts.items()}
    return {
        **shares,
        "caught": report.exit_code == 1,
        "change_percent": report.verdicts[0].change_percent or 0.0,
    }


def _epochs(path: Path):
    return windows_frame([path]).assign(attempt=1, job="small")


def _drawn(measured: list, draw: np.random.Generator):
    """Ten runs drawn with replacement, as ten seeds."""
    return _as_seeds([measured[number] for number in draw.integers(0, len(measured), RUNS)])


def _as_seeds(measured: list):
    frames = [run.assign(seed=seed).astype({"seed": "Int64"}) for seed, run in enumerate(measured, start=1)]
    return pd.concat(frames, ignore_index=True)


def eight_at_once() -> dict[str, float]:
    """Eight jobs of 4-fold loads at once on a machine of known power: the largest error of a job's own energy."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _keep_idle_power(folder / "idle")
        words = [str(value) for value in (12.0, IDLE_W, CORE_W)]
        jobs = [
            subprocess.Popen(
                [sys.executable, "-c", KNOWN_MACHINE, str(folder / f"job-{number}.jsonl"), str(load), *words],
                stdout=subprocess.PIPE,
                text=True,
            )
            for number, load in enumerate(LOADS)
        ]
        truth_j = [CORE_W * float(job.communicate()[0]) for job in jobs]
        runs = collect(folder).runs.sort_values("job")
        own_j = runs["energy_kwh"].to_numpy(dtype="float64") * JOULES_PER_KWH
        machine_j = runs["machine_kwh"].to_numpy(dtype="float64") * JOULES_PER_KWH
        errors = [abs(own / true - 1) for own, true in zip(own_j, truth_j, strict=True)]
        return {
            "records": len(runs),
            "largest": max(errors),
            "median": statistics.median(errors),
            "machine_wide": max(machine / true for machine, true in zip(machine_j, truth_j, strict=True)),
        }


def _keep_idle_power(folder: Path) -> None:
    """The known machine's idle power, as a job on a quiet machine would have kept it."""
    from datetime import UTC, datetime

    from wattshed.energy import idle

    folder.mkdir()
    known = {
        "power_w": {"cpu": IDLE_W},
        "status": {"cpu": "measured"},
        "source": {"cpu": "known machine"},
        "measured_utc": datetime.now(UTC).isoformat(timespec="seconds"),
        "duration_s": 5.0,
        "busy_share": 0.0,
    }
    idle._file(folder).write_text(json.dumps(known), encoding="utf-8")


def _frames(path: Path):
    return runs_frame([path]), windows_frame([path])


def start_up_s(repeats: int = 9) -> dict[str, float]:
    """Median time of ``true``, alone, under ``wattshed measure`` and under ``codecarbon monitor``, in turns."""
    tools = Path(sys.executable).parent
    with tempfile.TemporaryDirectory() as folder:
        commands = {
            "true": ["true"],
            "wattshed": [str(tools / "wattshed"), "measure", "--idle-s", "0", "--", "true"],
            "codecarbon": [
                str(tools / "codecarbon"),
                "monitor",
                "--offline",
                "--country-iso-code",
                "ESP",
                "--",
                "true",
            ],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number, (name, words) in itertools.product(range(repeats + 1), commands.items()):
            start_s = time.perf_counter()
            subprocess.run(words, cwd=folder, capture_output=True, check=False)
            if number:  # the first round fills caches
                times[name].append(time.perf_counter() - start_s)
    return {name: statistics.median(values) for name, values in times.items()}


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        steps = steps_per_epoch(place)
        found, risen = trainings_in_turns(place, steps)
        for beside in (*found.values(), risen):
            own, machine = statistics.mean(beside.own_j), statistics.mean(beside.machine_j)
            print(
                beside.burners,
                f"own {own:.2f} J CV {spread(beside.own_j):.3f}",
                f"machine {machine:.2f} J CV {spread(beside.machine_j):.3f}",
                beside.flagged,
                "of",
                beside.windows,
            )
        print(real_guard(place, found, risen))
        print(ten_seeds_guard(found, risen))
        print(eight_at_once())
        print(start_up_s())
