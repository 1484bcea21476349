"""Measure the engine against the source study's step, side by side; write docs/engine_benchmarks.md.

Run it alone. All variants of a row are timed in turns within one process; memory is each variant's own process.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

import psutil
import torch
from contenders import DROP, HIDDEN, HORIZON, LOOK_BACK, NODES, Bench
from gpu import epoch_equivalent
from torch import Tensor, nn

from wattshed.engine.cpu.compiled import BLOCKING, CannotCompile, find_compiler, register_file
from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.engine.recurrent import Additions, Windows
from wattshed.forecast.networks.recurrent import STGNN
from wattshed.forecast.networks.reference import ReferenceSTGNN
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine, describe_versions

ROOT = Path(__file__).resolve().parent.parent
# Multiplications and additions of one sample, matrix products alone (forward; forward and backward).
FORWARD_FLOP, TRAIN_FLOP = 73.9e3, 222e3
CONSECUTIVE = 64
# Half of it is the input's contribution to the gates, computed once for each hour that consecutive windows
# share.
SHARED_FLOP = FORWARD_FLOP / 2 * (1 + (CONSECUTIVE + LOOK_BACK - 1) / (CONSECUTIVE * LOOK_BACK))


def in_turns(works: dict[str, Callable[[], None]], rounds: int) -> dict[str, list[float]]:
    """Seconds of each call, variants in turns, after two calls of warm-up."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(-2, rounds):
        for name, work in works.items():
            start_s = time.perf_counter()
            work()
            if turn >= 0:
                times[name].append(time.perf_counter() - start_s)
    return times


def ratio(times: dict[str, list[float]], slow: str, fast: str, calls: float = 1.0) -> str:
    """Median of paired ratios with the middle half of them; calls: windows that one call of ``fast`` computes."""
    ratios = sorted(a / b * calls for a, b in zip(times[slow], times[fast], strict=True))
    low, middle, high = (ratios[int(share * (len(ratios) - 1))] for share in (0.25, 0.5, 0.75))
    return f"{middle:.1f}x ({low:.1f} to {high:.1f})"


def peak_over_setup_mib(variant: str) -> float:
    """Peak memory of three steps above the memory before them, in a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, "--memory-of", variant], capture_output=True, text=True, check=True
    )
    return float(json.loads(done.stdout)["peak_mib"])


def report_memory(variant: str) -> None:
    torch.set_num_threads(2)
    bench = Bench()
    step = {"reference": bench.reference, "geometric": bench.geometric, "fused": bench.fused}[variant]()
    # The peak of the set-up is reset, so that only the steps' peak is measured.
    Path("/proc/self/clear_refs").write_text("5")
    before = psutil.Process().memory_info().rss
    for _ in range(3):
        step()
    status = Path("/proc/self/status").read_text().splitlines()
    peak_kib = int(next(line for line in status if line.startswith("VmHWM")).split()[1])
    print(
        json.dumps(
            {"peak_mib": max(0.0, peak_kib / 1024 - before / 2**20), "ru": resource.getrusage(0).ru_maxrss}
        )
    )


def growth(sizes: tuple[int, ...], samples: int = 4096, hours: int = 48) -> list[tuple[int, float]]:
    """Median seconds of a training step of ``samples`` pairs by the number of nodes."""
    steps: dict[str, Callable[[], None]] = {}
    kernel = FusedCpu(HIDDEN)
    for count in sizes:
        own, aggregate = torch.randn(count, hours), torch.randn(count, hours)
        row_sum = torch.rand(count)
        network = STGNN(HORIZON, HIDDEN)
        optimiser = torch.optim.AdamW(network.parameters(), lr=5e-3, fused=True)
        generator = torch.Generator().manual_seed(0)
        observed = torch.ones(samples, HORIZON, dtype=torch.bool)

        def step(
            own: Tensor = own,
            aggregate: Tensor = aggregate,
            row_sum: Tensor = row_sum,
            network: STGNN = network,
            optimiser: torch.optim.Optimizer = optimiser,
            generator: torch.Generator = generator,
            observed: Tensor = observed,
        ) -> None:
            node = torch.randint(len(own), (samples,), generator=generator)
            origin = torch.randint(LOOK_BACK, hours - HORIZON + 1, (samples,), generator=generator)
            target = own.unfold(1, HORIZON, 1)[node, origin]
            optimiser.zero_grad(set_to_none=True)
            weights = network.kernel_weights()
            assert weights is not None
            assert network.neighbours is not None
            windows = Windows(own, aggregate, node, origin - LOOK_BACK, LOOK_BACK)
            base = Additions(row_sum[node][:, None] * network.neighbours.bias)
            kernel.loss(weights, windows, base, target, observed, "huber").backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()

        steps[str(count)] = step
    times = in_turns(steps, 30)
    return [(count, statistics.median(times[str(count)])) for count in sizes]


def peak_gflop_per_s(threads: int = 2) -> float:
    """Rate of a large float32 matrix product on this machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    a, b = torch.randn(2, 2048, 2048)
    seconds = min(in_turns({"mm": lambda: torch.mm(a, b)}, 15)["mm"])
    torch.set_num_threads(before)
    return 2 * 2048**3 / seconds / 1e9


@dataclass(frozen=True)
class Row:
    """floor: what physics leaves of the row's own measure on this machine, and how close it comes."""

    what: str
    opponent: str
    measured: str
    floor: str
    must: str
    met: str


def judged(text: str, least: float) -> str:
    return "yes" if float(text.split("x")[0]) >= least else "**no**"


def measure() -> tuple[list[Row], list[str]]:
    torch.set_num_threads(2)
    bench = Bench()
    peak = peak_gflop_per_s()
    rows: list[Row] = []

    def add(*row: str) -> None:
        rows.append(Row(*row))
        print(rows[-1], file=sys.stderr, flush=True)

    def floor(flop: float, seconds: float) -> str:
        """Time of the matrix products alone, at the rate of a large one."""
        least_s = flop * NODES / peak / 1e9
        return (
            f"{1e3 * least_s:.2f} ms of products; {1e3 * seconds:.2f} ms, {seconds / least_s:.1f} times that"
        )

    train = in_turns(
        {
            "reference": bench.reference(),
            "geometric": bench.geometric(),
            "fused": bench.fused(),
            "no dropout": bench.fused(0.0),
        },
        25,
    )
    text = ratio(train, "reference", "fused")
    add(
        f"training step, same function, dropout included, N = {NODES:,}",
        "the study's step",
        text,
        floor(TRAIN_FLOP, statistics.median(train["fused"])),
        ">= 10x",
        judged(text, 10),
    )
    text = ratio(train, "geometric", "no dropout")
    add(
        "same, without dropout",
        "torch-geometric's GCNConv + nn.GRU",
        text,
        floor(TRAIN_FLOP, statistics.median(train["no dropout"])),
        ">= 20x",
        judged(text, 20),
    )
    memory = {name: peak_over_setup_mib(name) for name in ("reference", "fused")}
    share = memory["fused"] / memory["reference"]
    add(
        "peak memory of training above set-up",
        "the study's step",
        f"{memory['fused']:.1f} of {memory['reference']:.0f} MiB: 1/{1 / max(share, 1e-3):.0f}",
        f"{NODES * HORIZON * 4 / 2**20:.1f} MiB of targets; windows are read where they lie",
        "<= 1/10",
        "yes" if share <= 0.1 else "**no**",
    )
    reference = ReferenceSTGNN(HORIZON, HIDDEN, DROP, bench.adjacency)
    infer = in_turns(
        {
            "reference": bench.windowed(reference),
            "fused": bench.fused_windowed(),
            "consecutive": bench.fused_consecutive(CONSECUTIVE),
            "streaming": bench.streaming(),
            **bench.exported(),
        },
        20,
    )
    for name, what, flop, count, must in (
        ("fused", "windowed inference, same function", FORWARD_FLOP, 1, 8),
        (
            "consecutive",
            f"{CONSECUTIVE} consecutive windows with shared gates, per window",
            SHARED_FLOP,
            CONSECUTIVE,
            8,
        ),
        ("streaming", "streaming, per new hour, with its column of A x", FORWARD_FLOP / LOOK_BACK, 1, 100),
        ("torch", "windowed inference by plain torch, the graph hoisted", FORWARD_FLOP, 1, None),
        ("onnx", "windowed inference by ONNX Runtime", FORWARD_FLOP, 1, None),
        ("openvino", "windowed inference by OpenVINO, float32", FORWARD_FLOP, 1, None),
    ):
        if name not in infer:
            add(what, "the study's", "not run: not installed", "", "", "")
            continue
        text = ratio(infer, "reference", name, count)
        seconds = statistics.median(infer[name]) / count
        asked = ("", "") if must is None else (f">= {must}x", judged(text, must))
        add(what, "the study's windowed", text, floor(flop, seconds), *asked)
    sizes = growth((1_000, 10_000, 100_000, 1_000_000))
    grown = sizes[-1][1] / sizes[0][1] - 1
    add(
        "step of 4,096 pairs, 1,000 to 1,000,000 nodes",
        "",
        ", ".join(f"{1e3 * seconds:.1f} ms" for _, seconds in sizes) + f" ({100 * grown:+.0f} %)",
        "none: a step touches its samples alone",
        "within 20 %",
        "yes" if abs(grown) <= 0.2 else "**no**",
    )
    for target, must in (("x86-64-v3", ">= 6x (AVX2 only)"), ("x86-64-v2", "")):
        try:
            other = Bench(target=target)
        except CannotCompile as error:
            add(f"training step built for {target}", "the study's step", f"not run: {error}", "", must, "")
            continue
        times = in_turns({"reference": other.reference(), "fused": other.fused()}, 10)
        text = ratio(times, "reference", "fused")
        add(
            f"training step built for {target}",
            "the study's step",
            text,
            floor(TRAIN_FLOP, statistics.median(times["fused"])),
            must,
            judged(text, 6) if must else "",
        )
    gpu = epoch_equivalent()
    seconds = gpu.get("s")
    add(
        "one epoch-equivalent on a GPU (8,442 nodes x 9,193 windows)",
        "",
        str(gpu["status"]) if seconds is None else f"{seconds:.2f} s",
        f"{gpu['floor_s']:.2f} s of an H200's products",
        "<= 5 s",
        "" if seconds is None else "yes" if seconds <= 5 else "**no**",
    )
    one_thread = peak_gflop_per_s(1)
    notes = [
        f"Floors: a float32 matrix product reaches {peak:.0f} GFLOP/s here ({one_thread:.0f} with one thread); "
        "sigmoid and tanh are not in them.",
        "Medians of the calls: "
        + ", ".join(
            f"{name} {1e3 * statistics.median(values):.1f} ms"
            for name, values in [
                ("study's step", train["reference"]),
                ("torch-geometric's step", train["geometric"]),
                ("study's forecast", infer["reference"]),
            ]
        )
        + ".",
    ]
    return rows, notes


def origin() -> list[str]:
    machine = describe_machine()
    vectors = register_file(find_compiler(), "native")
    return [
        f"Machine: {machine['processor']}, {machine['logical_cores']} logical cores ({vectors}, {BLOCKING[vectors][0]} "
        f"lanes), {machine['memory_gib']} GiB, {machine['system']}, Python {machine['python']}, torch "
        f"{describe_versions()['torch']}, two threads.",
        f"Date: {datetime.now(UTC):%Y-%m-%d}. Commit: {commit_text(describe_commit(ROOT))}.",
    ]


def page(rows: list[Row], notes: list[str], made: list[str]) -> str:
    names = [field.name for field in fields(Row)]
    lines = [
        "# The engine, measured",
        "",
        "Made by `make benchmark-engine`. Ratios are medians of interleaved pairs, with the middle half of them.",
        "",
        *made,
        "",
        "| " + " | ".join(names) + " |",
        "|" + "---|" * len(names),
        *["| " + " | ".join(getattr(row, name) for name in names) + " |" for row in rows],
        "",
        *[line for note in notes for line in (note, "")],
        "Errors and energies of whole trainings: [ladder.md](ladder.md).",
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "docs/engine_benchmarks.md")
    parser.add_argument("--memory-of", choices=("reference", "geometric", "fused"))
    arguments = parser.parse_args()
    if arguments.memory_of:
        report_memory(arguments.memory_of)
        return
    made = origin()
    rows, notes = measure()
    arguments.output.write_text(page(rows, notes, made), encoding="utf-8")
    # The same for the studies' reports.
    content = {"rows": [asdict(row) for row in rows], "notes": [*notes, *made]}
    arguments.output.with_suffix(".json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
