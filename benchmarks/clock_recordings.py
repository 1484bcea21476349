"""Write docs/recordings_speed.json: time and memory to read a million samples and summarise them into runs.

Each layout is read in a process of its own, from a file as its logger writes it; the files are made first and are not
part of the time.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine

ROOT = Path(__file__).resolve().parent.parent
SAMPLES = 1_000_000
PERIOD_S = 0.05
RUNS = 1000
# The bars that the readers must keep.
MOST_S, MOST_BYTES = 5.0, 1 << 30
TAGS = (
    *(
        "NVIDX",
        "DVNAM",
        "POWER",
        "PMLMT",
        "TOTEC",
        "TMPTR",
        "MMTMP",
        "GPUTL",
        "MCUTL",
        "FBTTL",
        "FBFRE",
        "FBUSD",
    ),
    *(
        "SMCLK",
        "MMCLK",
        "SACLK",
        "MACLK",
        "PSTAT",
        "GRACT",
        "SMACT",
        "SMOCC",
        "TENSO",
        "DRAMA",
        "FP64A",
        "FP32A",
    ),
    "FP16A",
)
LAYOUTS = ("nvidia_smi", "dcgm")


def write_smi(path: Path, samples: int) -> None:
    """17 columns with units in their cells, as --format=csv writes them."""
    power_w, clocks = _readings(samples)
    header = (
        "timestamp, index, name, power.draw [W], power.limit [W], temperature.gpu, utilization.gpu [%], "
        "utilization.memory [%], memory.total [MiB], memory.free [MiB], memory.used [MiB], clocks.current.sm [MHz], "
        "clocks.current.memory [MHz], clocks.current.graphics [MHz], clocks.applications.graphics [MHz], "
        "clocks.applications.memory [MHz], pstate\n"
    )
    stamps = np.datetime64("2026-03-01T12:00:00.000") + (np.arange(samples) * round(PERIOD_S * 1000)).astype(
        "timedelta64[ms]"
    )
    with path.open("w") as file:
        file.write(header)
        for stamp, watts, mhz in zip(stamps.astype(str), power_w, clocks, strict=True):
            file.write(
                f"{stamp.replace('-', '/').replace('T', ' ')}, 0, NVIDIA A100-SXM4-40GB, {watts:.2f} W, 400.00 W, 41, "
                f"98 %, 30 %, 40960 MiB, 1000 MiB, 39960 MiB, {mhz} MHz, 1215 MHz, {mhz} MHz, {mhz} MHz, 1215 MHz, P0\n"
            )


def write_dcgm(path: Path, samples: int) -> None:
    """25 columns between blanks, with header and units every 30 rows."""
    power_w, clocks = _readings(samples)
    counter_mj = np.cumsum(power_w * PERIOD_S * 1000).astype(int)
    header = "#Entity   " + "   ".join(TAGS) + "\n"
    header += "ID" + " " * 40 + "   ".join(("W", "W", "mJ", "C", "C", *["MB"] * 3, *["MHz"] * 4)) + "\n"
    rest = "0       0.982   0.913   0.412   0.208   0.301   0.000   0.100   0.207"
    with path.open("w") as file:
        for number, (watts, mhz, mj) in enumerate(zip(power_w, clocks, counter_mj, strict=True)):
            if number % 30 == 0:
                file.write(header)
            first = f"GPU 0     0       NVIDIA A100-SXM4-40GB   {watts:.3f}   400.000   {mj}   41   39   98     30"
            file.write(f"{first}     40960   1000    39960   {mhz}    1215    {mhz}    1215    {rest}\n")


def _readings(samples: int) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(0)
    clocks = np.repeat(1410 - 15 * (np.arange(RUNS) % 60), -(-samples // RUNS))[:samples]
    return 60 + 240 * (clocks / 1410) ** 2 + random.normal(0, 3, samples), clocks


def write_marks(path: Path, samples: int) -> None:
    """Runs one after the other, each without the first and last second of its turn."""
    turn_s = samples * PERIOD_S / RUNS
    lines = []
    for run in range(RUNS):
        repeat, place = divmod(run, 60)
        start_s, end_s = run * turn_s + 1, (run + 1) * turn_s - 1
        lines.append(f"{place + 1}_{repeat + 1:02d},{1410 - 15 * place},{start_s:.3f},{end_s:.3f}\n")
    path.write_text("run_id,frequency_mhz,start,end\n" + "".join(lines))


def read_once(layout: str, log: str, marks: str) -> None:
    """In a process of its own: print seconds, peak bytes and the number of runs as JSON."""
    from wattshed.clocks.recordings.recording import read_recording
    from wattshed.config.clocks.recording import RecordingBlock

    period = PERIOD_S if layout == "dcgm" else None
    block = RecordingBlock(path=log, marks=marks, workload="made", period_s=period)
    began, began_cpu = time.perf_counter(), time.process_time()
    runs = read_recording(block)
    took_s, cpu_s = time.perf_counter() - began, time.process_time() - began_cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": took_s, "cpu_seconds": cpu_s, "peak_bytes": peak, "runs": len(runs)}))


def measure(layout: str, samples: int, repeats: int) -> dict[str, float]:
    """The least time and the largest memory of ``repeats`` processes."""
    with tempfile.TemporaryDirectory() as folder:
        log, marks = Path(folder) / "log.csv", Path(folder) / "marks.csv"
        (write_smi if layout == "nvidia_smi" else write_dcgm)(log, samples)
        write_marks(marks, samples)
        command = [sys.executable, __file__, "--read", layout, str(log), str(marks)]
        found = [
            json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
            for _ in range(repeats)
        ]
        size = log.stat().st_size
    return {
        "samples": samples,
        "runs": found[0]["runs"],
        "file_bytes": size,
        "seconds": round(min(one["seconds"] for one in found), 3),
        "cpu_seconds": round(min(one["cpu_seconds"] for one in found), 3),
        "seconds_of_all": [round(one["seconds"], 3) for one in found],
        "peak_bytes": max(one["peak_bytes"] for one in found),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--read", nargs=3, metavar=("LAYOUT", "LOG", "MARKS"), help=argparse.SUPPRESS)
    parser.add_argument("--samples", type=int, default=SAMPLES)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "recordings_speed.json")
    options = parser.parse_args()
    if options.read:
        read_once(*options.read)
        return 0
    found = {layout: measure(layout, options.samples, options.repeats) for layout in LAYOUTS}
    kept = all(one["seconds"] <= MOST_S and one["peak_bytes"] <= MOST_BYTES for one in found.values())
    machine = describe_machine()
    document = {
        "machine": {
            name: machine[name] for name in ("processor", "logical_cores", "system") if name in machine
        },
        "date": datetime.now(UTC).date().isoformat(),
        "commit": commit_text(describe_commit()),
        "most_seconds": MOST_S,
        "most_bytes": MOST_BYTES,
        "kept": kept,
        "load_average": os.getloadavg()[0],
        "layouts": found,
    }
    options.output.write_text(json.dumps(document, indent=2) + "\n")
    print(json.dumps(found, indent=2))
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
