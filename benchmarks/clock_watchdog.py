"""Kill sweeps at random moments, and measure how soon their watchdogs reset the clock and whether points were kept.

The driver is the tests' own (tests/helpers/fake_clock_driver.py), which writes down each process's calls with their
times: the sweep, the watchdog, the signals and the files are real, the GPU is not. Every second kill is of the whole
process group. Writes docs/clock_watchdog.json.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

# The driver and the sweep that is killed are the tests' own.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/helpers"))

from killable_sweep import SWEEP, SweepProcess
from wattshed.clocks.sweeping.journal import read_journal
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine
from wattshed.foundation.writing import write_json

ROOT = Path(__file__).resolve().parent.parent
LIMIT_S = 2.0
# A kill falls within this time after the sweep has noted its GPU: before, at and after the start of its watchdog.
WITHIN_S = 2.0
# A whole sweep with its journal, as `sweep_clocks` keeps it.
JOURNALLED = SWEEP.replace(
    "run_sweep(opened, work, block)",
    """
import os
from pathlib import Path
from wattshed.clocks.sweeping.journal import Journal

with Journal(Path(os.environ["FAKE_NVML"]) / "sweep.jsonl", {}) as journal:
    run_sweep(opened, work, block, journal=journal)
""",
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="number of sweeps to kill")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs/clock_watchdog.json", help="file to write"
    )
    arguments = parser.parse_args()
    moments = random.Random(arguments.seed)
    kills = []
    for number in range(arguments.kills):
        kills.append(kill_one(moments.uniform(0, WITHIN_S), group=number % 2 == 1, knob=knob_of(number)))
        print(number + 1, kills[-1], flush=True)
    found = summary(kills, arguments.seed)
    write_json(arguments.output, found)
    if not (found["all_given_back"] and found["all_points_kept"] and found["delay_s"]["max"] <= LIMIT_S):
        raise SystemExit("a knob was not given back in time, or a point was lost: see the file")


def knob_of(number: int) -> str:
    return "power_limit" if number % 4 >= 2 else "clock"


def kill_one(after_s: float, *, group: bool, knob: str) -> dict:
    """Kill one sweep ``after_s`` seconds after it noted its GPU; what became of its knob and its points.

    delay_s: from just before the kill to the call that gave the knob back; None if nothing was turned yet.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sweep = SweepProcess(folder, knob=knob, program=JOURNALLED)
        sweep.wait_until(lambda: sweep.notes)
        time.sleep(after_s)
        sent_s = sweep.end(group=group)
        sweep.wait_for_watchdogs()
        by_watchdog = [entry for entry in sweep.turns() if entry["pid"] != sweep.process.pid]
        journal = read_journal(folder / "sweep.jsonl")
        # The first call is the check of the right to turn the knob.
        was_turned = sum(entry["pid"] == sweep.process.pid for entry in sweep.turns()) > 1
        return {
            "knob": knob,
            "group": group,
            "after_s": round(after_s, 3),
            "turned": was_turned,
            "delay_s": round(by_watchdog[-1]["at_s"] - sent_s, 4) if by_watchdog else None,
            "given_back": sweep.driver.locked is None and sweep.driver.limit_w == 400,
            "note_left": bool(sweep.notes) and was_turned,
            "points_measured": points_measured(sweep),
            "points_kept": 0 if journal is None else len(journal.rows),
        }


def points_measured(sweep: SweepProcess) -> int:
    """Windows that were closed and followed by another lock: their points must be in the journal."""
    own = [entry for entry in sweep.driver.logged() if entry["pid"] == sweep.process.pid]
    locks = [number for number, entry in enumerate(own) if entry["call"].startswith("nvmlDeviceSet")]
    # The first call of a power limit is the check of the right to set it.
    locks = locks[1:] if locks and own[locks[0]]["call"] == "nvmlDeviceSetPowerManagementLimit" else locks
    return max(0, len(locks) - 1)


def summary(kills: list[dict], seed: int) -> dict:
    delays_s = sorted(kill["delay_s"] for kill in kills if kill["delay_s"] is not None)
    if not delays_s:
        raise SystemExit("no kill fell after a first lock: raise --kills")
    machine = describe_machine()
    return {
        "what": "SIGKILL of sweeps at random moments on a driver in files; no GPU",
        "machine": f"{machine['processor']}, {machine['logical_cores']} logical cores",
        "load": round(os.getloadavg()[0], 2),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "commit": commit_text(describe_commit(ROOT)),
        "seed": seed,
        "limit_s": LIMIT_S,
        "kills": len(kills),
        "of_the_process_group": sum(kill["group"] for kill in kills),
        "before_the_first_lock": sum(not kill["turned"] for kill in kills),
        "all_given_back": all(kill["given_back"] and not kill["note_left"] for kill in kills),
        "delay_s": {
            "n": len(delays_s),
            "min": delays_s[0],
            "median": delays_s[len(delays_s) // 2],
            "p95": delays_s[min(len(delays_s) - 1, int(0.95 * len(delays_s)))],
            "max": delays_s[-1],
        },
        "points_measured": sum(kill["points_measured"] for kill in kills),
        "points_kept": sum(kill["points_kept"] for kill in kills),
        "all_points_kept": all(kill["points_kept"] >= kill["points_measured"] for kill in kills),
        "each": kills,
    }


if __name__ == "__main__":
    main()
