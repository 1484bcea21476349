"""Time and memory of aggregating many runs, and their growth with the number of runs."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
SIZES = (1000, 3000, 10_000, 30_000, 100_000)
AGGREGATE = """
import json, sys, time
from pathlib import Path
from wattshed.accounts.runs.collect import collect
from wattshed.accounts.emissions.emissions import add_emissions
from wattshed.config.energy.carbon import CarbonBlock
from wattshed.energy.carbon.carbon import Location
if __name__ == "__main__":
    start_s = time.perf_counter()
    found = collect(sys.argv[1])
    runs = add_emissions(found.runs, CarbonBlock(), Location("DEU"))
    row = {"runs": len(runs), "windows": len(found.windows), "overlapping": int(runs["overlaps"].notna().sum())}
    print(json.dumps(row | {"wall_s": time.perf_counter() - start_s}))
"""


def growth(sizes: tuple[int, ...]) -> list[dict[str, float]]:
    """Wall time and peak memory over all processes (proportional set size) by number of runs."""
    rows = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            corpus, program = folder / "corpus", folder / "aggregate.py"
            subprocess.run(
                [sys.executable, str(ROOT / "benchmarks/aggregation_corpus.py"), str(corpus), str(size)],
                check=True,
            )
            program.write_text(AGGREGATE)
            whole_s = time.perf_counter()
            child = subprocess.Popen(
                [sys.executable, str(program), str(corpus)], stdout=subprocess.PIPE, text=True
            )
            peak = _Peak(child.pid)
            out, _ = child.communicate()
            whole_s = time.perf_counter() - whole_s
            if child.returncode:
                raise SystemExit("the aggregation failed")
            rows.append({**json.loads(out), "process_s": whole_s, "peak_mib": peak.stop()})
            print(rows[-1], file=sys.stderr, flush=True)
    return rows


class _Peak:
    """Largest sum of the memory of a process and its children, read only four times a second, because reading takes
    time."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._peak = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> float:
        self._stop.set()
        self._thread.join()
        return self._peak / 2**20

    def _watch(self) -> None:
        while not self._stop.wait(0.25):
            total = 0
            try:
                for process in (self._process, *self._process.children(recursive=True)):
                    total += process.memory_full_info().pss
            except psutil.Error:
                continue
            self._peak = max(self._peak, total)


def draw_growth(rows: list[dict[str, float]], path: Path) -> None:
    """Time and memory against the number of runs, with the line of proportion through the largest."""
    import matplotlib.pyplot as plt

    from wattshed.publish.drawing.figure_style import set_style

    set_style()
    figure, axes = plt.subplots(1, 2, figsize=(7.2, 2.9))
    sizes = [row["runs"] for row in rows]
    for axis, name, label, must in (
        (axes[0], "process_s", "Time (s)", 20.0),
        (axes[1], "peak_mib", "Peak memory of all processes (MiB)", 1024.0),
    ):
        values = [row[name] for row in rows]
        axis.plot(sizes, values, "o-", color="0.1", label="measured")
        if name == "process_s":
            slope = values[-1] / sizes[-1]
            axis.plot(sizes, [slope * size for size in sizes], ":", color="0.5", label="proportional")
        axis.axhline(must, color="0.5", linestyle="--", label=f"must: {must:g}")
        axis.set_xscale("log")
        axis.set_yscale("log")
        axis.set_xlabel("Runs (half ledgers, half CSVs)")
        axis.set_ylabel(label)
        axis.legend(fontsize="small")
    figure.savefig(path, dpi=120)
