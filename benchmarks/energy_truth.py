"""Simulated machines whose energy is known: coverage of intervals, net energy, sums, the guard."""

import math
import random
import tempfile
import time
from pathlib import Path
from typing import Any

from wattshed.accounts.guard.trials import alarm_share
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy.idle import measure_idle_power
from wattshed.energy.meter import Meter
from wattshed.energy.metered_job import metered_job
from wattshed.energy.sensors.simulated import Counter, Phases, SimulatedClock, SimulatedSensor

TRIALS = 1000
NOISY = Counter(step_s=0.1, jitter_share=0.5, noise_share=0.03)


class NoLedger:
    """Replaces the ledger's file, which a thousand simulated jobs do not need."""

    def append(self, event: str, **fields: Any) -> None: ...


def interval_coverage(repeats: int) -> float:
    """Share of 1,000 simulated measurements whose 95 % interval holds the true energy of one call.

    200 W, calls of 0.4 s that scatter by 8 %, a counter that steps every 100 ms at a random phase with 3 % noise.
    """
    held = 0
    for trial in range(TRIALS):
        clock, draw = SimulatedClock(), random.Random(trial)
        sensor = SimulatedSensor(Phases((0.0, 200.0)), clock, NOISY, seed=trial)
        sensor.start()
        meter = Meter(NoLedger(), [sensor], 1.0, clock=clock, sleep=clock.sleep)  # type: ignore[arg-type]
        clock.sleep(draw.random())

        def call(clock: SimulatedClock = clock, draw: random.Random = draw) -> None:
            clock.sleep(draw.gauss(0.4, 0.032))

        found = meter.measure("call", call, trials=repeats).energy_j
        held += bool(found.low is not None and found.high is not None and found.low <= 80.0 <= found.high)
    return held / TRIALS


def net_errors() -> dict[str, float]:
    """Largest and median relative error of net energy over idle shares of 20 to 60 %, a minute of work each."""
    errors = []
    for trial in range(200):
        draw = random.Random(trial)
        share = 0.2 + 0.4 * trial / 199
        idle_w = draw.uniform(10, 100)
        clock = SimulatedClock()
        sensor = SimulatedSensor(Phases((0.0, idle_w)), clock, NOISY, seed=trial)
        sensor.start()
        clock.sleep(draw.random())
        idle = measure_idle_power(
            [sensor], MeteringBlock().idle_s, clock=clock, sleep=clock.sleep, busy=lambda: 0.0
        )
        begin_s = math.ceil(clock() + 1)
        sensor.power_w = Phases((0.0, idle_w), (float(begin_s), idle_w / share))
        clock.sleep(begin_s + 0.5 * draw.random() - clock())
        meter = Meter(NoLedger(), [sensor], 1.0, idle=idle, clock=clock)  # type: ignore[arg-type]
        with meter.window("epoch") as window:
            clock.sleep(60.0)
        truth_j = (idle_w / share - idle_w) * 60.0
        errors.append(abs((window.net.joules or math.inf) / truth_j - 1))
    return {"largest": max(errors), "median": sorted(errors)[len(errors) // 2]}


def sum_errors() -> dict[str, float]:
    """How far epochs (some 2 s) and gaps (1 s) of a real job on this machine's sensors are from its total."""
    import json

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "job.jsonl"
        with metered_job(path, stage="s", job="sum", labels={}, metering=MeteringBlock(idle_s=0.0)) as meter:
            for epoch in range(10):
                with meter.window("epoch", epoch=epoch):
                    sum(i * i for i in range(30_000_000))
                with meter.window("gap", epoch=epoch):
                    time.sleep(1.0)
        events = [json.loads(line) for line in path.read_text().splitlines()]
    windows = [event for event in events if event["event"] == "window"]
    end = events[-1]

    def kwh(event: dict) -> float:
        return sum(part["kwh"] or 0.0 for part in event["energy"].values())

    return {
        "energy": abs(sum(map(kwh, windows)) / kwh(end) - 1),
        "duration": abs(sum(window["duration_s"] for window in windows) / end["duration_s"] - 1),
    }


def guard_shares() -> dict[str, float]:
    """Shares of 2,000 simulated comparisons that raise an alarm: 10 runs a side, 3 % noise on every measurement."""
    return {
        "power": alarm_share(rise=0.05, trials=2000, seeds=10, epochs=1, noise=0.03),
        "false_alarms": alarm_share(rise=0.0, trials=2000, seeds=10, epochs=1, noise=0.03),
    }
