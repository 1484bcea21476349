"""Write docs/table_reading.md: time and memory to make an hourly panel of a long CSV of 100 million quarter hours.

The file is made first and is not part of the time. Each order of its rows is read in a process of its own, and the
panel is compared with the values that were written.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv

from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine

ROOT = Path(__file__).resolve().parent.parent
READINGS, METERS = 100_000_000, 8_442
RESOLUTION_MIN, ROWS_IN_BLOCK = 15, 4_000_000
# The bars that the reader must keep on two cores.
LEAST_PER_S, MOST_BYTES = 2e6, 4 << 30
ORDERS = {
    "time": "all meters of a time, then the next time",
    "meter": "all times of a meter, then the next meter",
}
FIRST = np.datetime64("2021-01-01T00:00", "s")


def watt_hours(meter: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Whole watt-hours of a meter in a quarter of an hour: arbitrary, and known without the file."""
    return (meter * 7919 + place * 104_729) % 2_503


def write_table(path: Path, meters: int, times: int, order: str) -> None:
    """Columns time, node, value [kWh], in blocks that fit the memory of a small machine."""
    step = np.timedelta64(RESOLUTION_MIN, "m")
    stamps = pa.array([str(stamp).replace("T", " ") for stamp in FIRST + step * np.arange(times)])
    names = pa.array([f"MAC{meter:06d}" for meter in range(meters)])
    with pa_csv.CSVWriter(
        path,
        pa.schema([("time", pa.string()), ("node", pa.string()), ("value", pa.float64())]),
        write_options=pa_csv.WriteOptions(quoting_style="none"),
    ) as writer:
        for rows in blocks(meters * times):
            place, meter = np.divmod(rows, meters) if order == "time" else np.divmod(rows, times)[::-1]
            columns = [
                stamps.take(pa.array(place)),
                names.take(pa.array(meter)),
                watt_hours(meter, place) / 1000,
            ]
            writer.write_batch(pa.record_batch(columns, names=["time", "node", "value"]))


def blocks(rows: int) -> Iterator[np.ndarray]:
    for start in range(0, rows, ROWS_IN_BLOCK):
        yield np.arange(start, min(start + ROWS_IN_BLOCK, rows))


def read_once(path: Path, meters: int, times: int) -> None:
    """In a process of its own: print seconds and peak bytes as JSON; ends with an error if a value is wrong."""
    from wattshed.data.sources.source import load_panel
    from wattshed.data.sources.table import Settings

    start_s = time.perf_counter()
    panel = load_panel(Settings(path=path.name), path.parent)
    duration_s = time.perf_counter() - start_s
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    per_hour = 60 // RESOLUTION_MIN
    hours = times // per_hour
    for meter in range(0, meters, max(1, meters // 50)):
        place = np.arange(hours * per_hour)
        expected = watt_hours(np.full(len(place), meter), place).reshape(hours, per_hour).sum(axis=1) / 1000
        np.testing.assert_allclose(panel.values[:hours, meter], expected, rtol=1e-6)
    assert panel.observed[:hours].all()
    print(json.dumps({"duration_s": duration_s, "peak_bytes": peak}))


def measure(readings: int, meters: int, folder: Path) -> list[dict]:
    """One row per order of the file's rows."""
    times = readings // meters
    rows = []
    for order in ORDERS:
        path = folder / f"by_{order}.csv"
        write_table(path, meters, times, order)
        words = [
            sys.executable,
            __file__,
            "--read",
            str(path),
            "--meters",
            str(meters),
            "--times",
            str(times),
        ]
        answer = subprocess.run(words, capture_output=True, text=True, check=False)
        if answer.returncode:
            raise SystemExit(answer.stderr)
        rows.append(
            {"order": order, "readings": times * meters, "file_bytes": path.stat().st_size}
            | json.loads(answer.stdout)
        )
        path.unlink()
    return rows


def page(rows: list[dict], meters: int) -> str:
    """The page of the measurement."""
    machine = describe_machine()
    lines = [
        "# Reading a long table, measured",
        "",
        f"Made by `python benchmarks/table_reading.py`. A CSV of {rows[0]['readings']:,} readings ({meters:,} meters, "
        f"every {RESOLUTION_MIN} minutes; columns time, node, value) becomes an hourly panel. Each order of its rows "
        "is read once, in a process of its own, and 50 meters are compared with what was written.",
        "",
        f"Machine: {machine['processor']}, {machine['logical_cores']} logical cores, {machine['memory_gib']:.1f} GiB, "
        f"Python {machine['python']}.",
        f"Date: {datetime.now(UTC):%Y-%m-%d}. Commit: {commit_text(describe_commit())}.",
        "",
        "| rows | file [GB] | time [s] | readings per second | must | peak memory [GiB] | at most | "
        "bytes per reading | met |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        per_s = row["readings"] / row["duration_s"]
        met = per_s >= LEAST_PER_S and row["peak_bytes"] <= MOST_BYTES
        lines.append(
            f"| {ORDERS[row['order']]} | {row['file_bytes'] / 1e9:.2f} | {row['duration_s']:.1f} | {per_s:,.0f} | "
            f"{LEAST_PER_S:,.0f} | {row['peak_bytes'] / 2**30:.2f} | {MOST_BYTES / 2**30:.0f} | "
            f"{row['peak_bytes'] / row['readings']:.1f} | {'yes' if met else 'no'} |"
        )
    return "\n".join([*lines, "", "The peak counts Python and its libraries as well.", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=READINGS, help="number of readings")
    parser.add_argument("--meters", type=int, default=METERS, help="number of meters")
    parser.add_argument(
        "--folder", type=Path, help="folder for the file of several GB; empty: a temporary one"
    )
    parser.add_argument("--output", type=Path, default=ROOT / "docs/table_reading.md", help="page to write")
    parser.add_argument("--read", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.read:
        read_once(given.read, given.meters, given.times)
        return
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        rows = measure(given.readings, given.meters, Path(folder))
    given.output.write_text(page(rows, given.meters), encoding="utf-8")
    print(given.output)


if __name__ == "__main__":
    main()
