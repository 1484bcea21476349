"""Whole processes under the meter: eight at once, a hundred killed, and the cost of metering."""

import json
import math
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from wattshed.accounts.runs.collect import collect
from wattshed.energy.reading import JOULES_PER_KWH

JOBS = 8
KILLS = 100
EPOCH_S = 1.0
AT_ONCE = 4


def machine_j(start_s: float, end_s: float) -> float:
    """Energy [J] between two wall-clock times of a made-up machine: 300 W, swinging by 120 W every 7 s."""

    def integral(at_s: float) -> float:
        return 300 * at_s - 120 * 7 / (2 * math.pi) * math.cos(2 * math.pi * at_s / 7)

    return integral(end_s) - integral(start_s)


# A counter that steps every 100 ms and is read by every job, as a real machine's is.
MADE_UP_MACHINE = textwrap.dedent("""
    import math, random, sys, time
    from pathlib import Path
    sys.path.insert(0, {folder!r})
    from energy_processes import machine_j
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.metered_job import metered_job
    from wattshed.energy.reading import JOULES_PER_KWH, Component

    class MachineCounter:
        resolution_s = 0.1
        def start(self):
            self.start_s = math.floor(time.time() * 10) / 10
        def read(self):
            now_s = math.floor(time.time() * 10) / 10
            return {{"cpu": Component(machine_j(self.start_s, now_s) / JOULES_PER_KWH, "measured", "made-up")}}
        def stop(self): ...

    path, seconds = Path(sys.argv[1]), float(sys.argv[2])
    time.sleep(float(sys.argv[3]))
    metering = MeteringBlock(idle_s=0.0, tick_every_s=0.5)
    job = dict(stage="s", job=path.stem, labels={{}}, metering=metering, sensors=[MachineCounter()])
    with metered_job(path, **job) as meter:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            with meter.window("epoch"):
                time.sleep(0.5)
""").format(folder=str(Path(__file__).resolve().parent))

ON_THIS_MACHINE = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.metered_job import metered_job
    path, seconds = Path(sys.argv[1]), float(sys.argv[2])
    metering = MeteringBlock(idle_s=0.0, tick_every_s=0.5)
    with metered_job(path, stage="s", job=path.stem, labels={}, metering=metering) as meter:
        end_s = time.monotonic() + seconds
        while time.monotonic() < end_s:
            with meter.window("epoch"):
                sum(i * i for i in range(400_000))
                time.sleep(0.2)
""")

PLAIN_CODECARBON = textwrap.dedent("""
    import sys, time
    from codecarbon import OfflineEmissionsTracker
    folder, seconds = sys.argv[1], float(sys.argv[2])
    tracker = OfflineEmissionsTracker(
        country_iso_code="ESP", output_dir=folder, measure_power_secs=1, log_level="error"
    )
    tracker.start()
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        sum(i * i for i in range(400_000))
        time.sleep(0.2)
    tracker.stop()
""")

KILLED = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.metered_job import metered_job
    path = Path(sys.argv[1])
    metering = MeteringBlock(idle_s=0.0, tick_every_s=0.2, cpu_estimator="tdp", cpu_power_w=65.0)
    with metered_job(path, stage="s", job=path.stem, labels={}, metering=metering) as meter:
        for epoch in range(10_000):
            with meter.window("epoch", epoch=epoch):
                time.sleep(0.12)
            print(epoch, flush=True)
""")


def eight_on_a_made_up_machine() -> dict[str, float]:
    """Share of the truth that the attributed energies of eight overlapping jobs sum to."""
    with tempfile.TemporaryDirectory() as folder:
        draw = random.Random(7)
        jobs = [
            (Path(folder) / f"job-{n}.jsonl", draw.uniform(4, 8), draw.uniform(0, 3)) for n in range(JOBS)
        ]
        _run_all([[MADE_UP_MACHINE, path, seconds, wait] for path, seconds, wait in jobs])
        spans = sorted(_span(path) for path, _, _ in jobs)
        truth_j = sum(machine_j(start, end) for start, end in _union(spans))
        runs = collect(folder).runs
        naive_j = float(runs["machine_kwh"].sum()) * JOULES_PER_KWH
        return {
            "records": len(runs),
            "attributed_share": float(runs["machine_attributed_kwh"].sum()) * JOULES_PER_KWH / truth_j,
            "naive_share": naive_j / truth_j,
        }


def eight_on_this_machine() -> dict[str, float]:
    """The same with this machine's own sensors against one meter that runs all the while; CodeCarbon beside it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ours, observed = folder / "ours", folder / "observer"
        observer = _start([ON_THIS_MACHINE, observed / "all.jsonl", 22])
        time.sleep(5)
        _run_all([[ON_THIS_MACHINE, ours / f"job-{n}.jsonl", 6] for n in range(JOBS)])
        observer.wait()
        runs = collect(ours).runs
        spans = _union(sorted(_span(path) for path in ours.glob("*.jsonl")))
        truth_j = sum(_between(observed / "all.jsonl", *span) for span in spans)
        codecarbon = folder / "codecarbon"
        codecarbon.mkdir()
        started_s = time.time()
        _run_all([[PLAIN_CODECARBON, codecarbon, 6] for _ in range(JOBS)])
        lasted_s = time.time() - started_s
        plain = collect(codecarbon).runs
        power_w = truth_j / sum(end - start for start, end in spans)
        return {
            "records": len(runs),
            "attributed_share": float(runs["machine_attributed_kwh"].sum()) * JOULES_PER_KWH / truth_j,
            "codecarbon_records": len(plain),
            "codecarbon_share": float(plain["energy_kwh"].sum()) * JOULES_PER_KWH / (power_w * lasted_s),
        }


def a_hundred_kills() -> dict[str, float]:
    """Ledgers that can be read after SIGKILL at a random moment, and the windows that each lost."""
    with tempfile.TemporaryDirectory() as name:
        folder, draw = Path(name), random.Random(11)
        lost: list[int] = []
        unread_s: list[float] = []
        for first in range(0, KILLS, AT_ONCE):
            paths = [folder / f"job-{first + n}.jsonl" for n in range(AT_ONCE)]
            jobs = [_start([KILLED, path], stdout=subprocess.PIPE) for path in paths]
            for path, job in zip(paths, jobs, strict=True):
                part = path.with_name(path.name + ".part")
                while not (part.exists() and part.stat().st_size):
                    time.sleep(0.005)
                time.sleep(draw.uniform(0, 1.2))
                job.send_signal(signal.SIGKILL)
                assert job.stdout is not None
                told = len(job.stdout.read().splitlines())
                job.wait()
                events = _events(part)
                lost.append(told - sum(event["event"] == "window" for event in events))
                known_s = [event.get("at_s", event.get("end_s", 0.0)) for event in events]
                unread_s.append(max(known_s, default=0.0))
        runs = collect(folder).runs
        return {
            "readable": len(runs),
            "truncated": int(runs["truncated"].sum()),
            "closed_windows_lost": max(0, *lost),
        }


def window_cost_ms() -> dict[str, float]:
    """Median and 95th percentile of one window, sensors of this machine read and its event synced to disk."""
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.metered_job import metered_job

    costs_ms = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.jsonl"
        with metered_job(path, stage="s", job="cost", labels={}, metering=MeteringBlock(idle_s=0.0)) as meter:
            for number in range(1000):
                start_s = time.perf_counter()
                with meter.window("epoch", epoch=number):
                    pass
                costs_ms.append(1000 * (time.perf_counter() - start_s))
    return {"median_ms": statistics.median(costs_ms), "p95_ms": statistics.quantiles(costs_ms, n=20)[-1]}


def training_slowdown(turns: int = 80) -> dict[str, tuple[float, float, float]]:
    """The same epoch with and without meter, sampler and ticks, in turns: median excess with its 95 % interval.

    ``wall`` time, and ``cpu`` time of all threads: other programs disturb CPU time far less, and on one core a
    training is slowed by the extra CPU time.

    In one process, since two processes differ by more than the effect; every turn, metered or bare, starts and ends a
    whole metered job outside the timed part.
    """
    import torch

    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.meter import Meter
    from wattshed.energy.metered_job import metered_job

    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = torch.nn.GRU(8, 32, batch_first=True)
    inputs = torch.randn(256, 24, 8)

    def steps(count: int) -> None:
        for _ in range(count):
            network.zero_grad()
            network(inputs)[0].square().mean().backward()

    steps(20)
    start_s = time.perf_counter()
    steps(50)
    per_epoch = max(70, round(50 * EPOCH_S / (time.perf_counter() - start_s)))

    def epoch() -> None:
        steps(per_epoch)

    def timed(work: Callable[[], object]) -> tuple[float, float]:
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        work()
        return time.perf_counter() - start_s, time.process_time() - start_cpu_s

    def job(folder: str) -> AbstractContextManager[Meter]:
        path = Path(folder) / "job.jsonl"
        return metered_job(path, stage="s", job="slow", labels={}, metering=MeteringBlock(idle_s=0.0))

    def bare() -> tuple[float, float]:
        # A job has started and ended here too, so that caches are in the same state.
        with tempfile.TemporaryDirectory() as folder, job(folder):
            pass
        return timed(epoch)

    def metered() -> tuple[float, float]:
        with tempfile.TemporaryDirectory() as folder, job(folder) as meter:

            def window() -> None:
                with meter.window("epoch"):
                    epoch()

            return timed(window)

    metered()
    bare()
    ratios: dict[str, list[float]] = {"wall": [], "cpu": []}
    for turn in range(turns):
        times = {work: work() for work in ((metered, bare) if turn % 2 else (bare, metered))}
        for index, name in enumerate(ratios):
            ratios[name].append(times[metered][index] / times[bare][index])
    draw = random.Random(0)
    result = {}
    for name, values in ratios.items():
        medians = sorted(statistics.median(draw.choices(values, k=turns)) for _ in range(2000))
        result[name] = (statistics.median(values) - 1, medians[50] - 1, medians[1949] - 1)
    return result


def own_processor_share(duration_s: int = 30) -> float:
    """Processor time of meter, sampler, ticks and one window a second, per second: the main thread sleeps.

    On one core a training is slowed by this much; with a spare core by less.
    """
    from wattshed.config.energy.metering import MeteringBlock
    from wattshed.energy.metered_job import metered_job

    with (
        tempfile.TemporaryDirectory() as folder,
        metered_job(
            Path(folder) / "job.jsonl", stage="s", job="own", labels={}, metering=MeteringBlock(idle_s=0.0)
        ) as meter,
    ):
        start_s, start_cpu_s = time.perf_counter(), time.process_time()
        for epoch in range(duration_s):
            with meter.window("epoch", epoch=epoch):
                time.sleep(1.0)
        return (time.process_time() - start_cpu_s) / (time.perf_counter() - start_s)


def import_s() -> float:
    """Median time to import every module of wattshed.energy in a fresh interpreter [s]."""
    code = textwrap.dedent("""
        import time; start_s = time.perf_counter()
        import importlib, pkgutil, wattshed.energy
        for module in pkgutil.iter_modules(wattshed.energy.__path__):
            importlib.import_module("wattshed.energy." + module.name)
        print(time.perf_counter() - start_s)
    """)
    return statistics.median(
        float(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout)
        for _ in range(9)
    )


def _start(words: list[object], **options: object) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", *map(str, words)], text=True, **options)  # type: ignore[call-overload]


def _run_all(commands: list[list[object]]) -> None:
    codes = [job.wait() for job in [_start(words) for words in commands]]
    if any(codes):
        raise SystemExit(f"a benchmark's own job failed: exit codes {codes}")


def _events(path: Path) -> list[dict]:
    """Only whole lines: a kill may have cut off the last one."""
    return [json.loads(line) for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]


def _span(path: Path) -> tuple[float, float]:
    events = {event["event"]: event for event in _events(path)}
    began_s = datetime.fromisoformat(events["sensors"]["began_utc"]).timestamp()
    return began_s, began_s + events["end"]["duration_s"]


def _union(spans: list[tuple[float, float]]) -> list[tuple[float, float]]:
    joined: list[tuple[float, float]] = []
    for start, end in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _between(path: Path, start_s: float, end_s: float) -> float:
    """Energy [J] that an observer's ledger saw between two wall-clock times, straight between its ticks."""
    import numpy as np

    events = _events(path)
    began_s, ended_s = _span(path)
    points = [(0.0, 0.0)]
    points += [
        (e["at_s"], sum(v or 0.0 for v in e["energy"].values())) for e in events if e["event"] == "tick"
    ]
    end = events[-1]
    points.append((end["duration_s"], sum(part["kwh"] or 0.0 for part in end["energy"].values())))
    if start_s < began_s or end_s > ended_s:
        raise SystemExit(
            "the observer did not run for long enough: the machine is too slow for this benchmark"
        )
    times, kwh = zip(*sorted(points), strict=True)
    found = np.interp([start_s - began_s, end_s - began_s], times, kwh)
    return float(found[1] - found[0]) * JOULES_PER_KWH
