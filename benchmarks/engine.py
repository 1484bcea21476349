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
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil
import scipy.sparse as sp
import torch
from scipy.spatial import cKDTree
from torch import Tensor, nn

from wattshed.engine.compiled import BLOCKING, find_compiler, register_file
from wattshed.engine.fused_cpu import FusedCpu
from wattshed.engine.fused_stream import FusedStream
from wattshed.engine.recurrent import NO_DROPOUT, Additions, Dropout, Windows
from wattshed.forecast.networks import STGNN, ReferenceSTGNN
from wattshed.foundation.provenance import describe_commit, describe_machine, describe_versions

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "benchmarks"))

NODES, NEIGHBOURS, LOOK_BACK, HORIZON, HIDDEN, HOURS = 8442, 10, 24, 6, 16, 400
DROP = 0.3
# Multiplications and additions of one sample, matrix products alone (forward; forward and backward).
FORWARD_FLOP, TRAIN_FLOP = 73.9e3, 222e3


def made_graph(nodes: int) -> sp.csr_array:
    """Nearest neighbours of random places, both directions, self loops, normalised by degrees (Kipf and Welling)."""
    places = np.random.default_rng(0).random((nodes, 2))
    _, found = cKDTree(places).query(places, k=NEIGHBOURS + 1)
    rows = np.repeat(np.arange(nodes), NEIGHBOURS)
    edges = sp.csr_array((np.ones(len(rows)), (rows, found[:, 1:].ravel())), shape=(nodes, nodes))
    edges = edges.maximum(edges.T) + sp.eye_array(nodes)
    root = sp.diags_array(np.asarray(edges.sum(axis=1)).ravel() ** -0.5)
    return sp.csr_array(root @ edges @ root)


class GraphConvGru(nn.Module):
    """torch-geometric's GCNConv on every hour, then torch's GRU: how one would write it today."""

    def __init__(self, adjacency: sp.csr_array) -> None:
        super().__init__()
        from torch_geometric.nn import GCNConv

        edges = adjacency.tocoo()
        self.register_buffer("edges", torch.from_numpy(np.stack(edges.coords).astype(np.int64)))
        self.register_buffer("weights", torch.from_numpy(edges.data.astype(np.float32)))
        self.convolution = GCNConv(1, HIDDEN, normalize=False, add_self_loops=False)
        self.gru = nn.GRU(HIDDEN, HIDDEN, batch_first=True)
        self.output = nn.Linear(HIDDEN, HORIZON)

    def forward(self, history: Tensor) -> Tensor:
        """history: [1, W, N] -> [1, H, N]."""
        lifted = torch.relu(self.convolution(history[0].unsqueeze(-1), self.edges, self.weights))
        _, last = self.gru(lifted.transpose(0, 1))
        return self.output(last[0]).T.unsqueeze(0)


class Bench:
    """The same function three times: the study's network, torch-geometric's, and the fused kernel."""

    def __init__(self, nodes: int = NODES, target: str = "native") -> None:
        torch.manual_seed(0)
        self.adjacency = made_graph(nodes).astype(np.float32)
        self.own = torch.randn(nodes, HOURS)
        self.by_hour = self.own.T.contiguous()
        self.aggregate = torch.from_numpy((self.adjacency @ self.own.numpy()).astype(np.float32))
        self.row_sum = torch.from_numpy(np.asarray(self.adjacency.sum(axis=1), dtype=np.float32).ravel())
        self.nodes = torch.arange(nodes)
        self.observed = torch.ones(nodes, HORIZON, dtype=torch.bool)
        self.kernel = FusedCpu(HIDDEN, target)
        self.hour = LOOK_BACK

    def origin(self) -> int:
        self.hour = LOOK_BACK + (self.hour - LOOK_BACK + 1) % (HOURS - LOOK_BACK - HORIZON - 64)
        return self.hour

    def reference(self) -> Callable[[], None]:
        """A step of the study: forward, backward, clipping, AdamW; three dropouts."""
        return self._torch_step(ReferenceSTGNN(HORIZON, HIDDEN, DROP, self.adjacency))

    def geometric(self) -> Callable[[], None]:
        return self._torch_step(GraphConvGru(self.adjacency))

    def fused(self, drop: float = DROP) -> Callable[[], None]:
        network = STGNN(HORIZON, HIDDEN, uses_graph=True, uses_own_history=False)
        optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=1e-3, fused=True)

        def step() -> None:
            origin = self.origin()
            optimiser.zero_grad(set_to_none=True)
            weights = network.recurrent_weights()
            assert weights is not None
            dropout = Dropout(drop, drop, drop, origin) if drop else NO_DROPOUT
            target = self.own[:, origin : origin + HORIZON]
            loss = self.kernel.loss(
                weights,
                self.windows(origin),
                self.additions(network),
                target,
                self.observed,
                "huber",
                dropout,
            )
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 0.5)
            optimiser.step()

        return step

    def windowed(self, network: nn.Module) -> Callable[[], None]:
        network.eval()

        @torch.no_grad()
        def infer() -> None:
            origin = self.origin()
            network(self.own[:, origin - LOOK_BACK : origin].T.unsqueeze(0))

        return infer

    def fused_windowed(self) -> Callable[[], None]:
        network = STGNN(HORIZON, HIDDEN, uses_graph=True, uses_own_history=False)

        @torch.no_grad()
        def infer() -> None:
            weights = network.recurrent_weights()
            assert weights is not None
            self.kernel.forecast(weights, self.windows(self.origin()), self.additions(network))

        return infer

    def fused_consecutive(self, count: int) -> Callable[[], None]:
        network = STGNN(HORIZON, HIDDEN, uses_graph=True, uses_own_history=False)

        @torch.no_grad()
        def infer() -> None:
            weights = network.recurrent_weights()
            assert weights is not None
            self.kernel.forecast_consecutive(
                weights, self.windows(self.origin()), self.additions(network), count
            )

        return infer

    def streaming(self) -> Callable[[], None]:
        """One new hour: the column of A x, a step of the state and a forecast for every node."""
        network = STGNN(HORIZON, HIDDEN, uses_graph=True, uses_own_history=False)
        weights = network.recurrent_weights()
        assert weights is not None
        stream = FusedStream(
            self.kernel, weights, self.additions(network).base, torch.zeros(len(self.nodes), HIDDEN)
        )

        def infer() -> None:
            # A new hour comes as one row of readings, not as a column of an archive.
            new = self.by_hour[self.origin()]
            stream.step(new, torch.from_numpy(self.adjacency @ new.numpy()))

        return infer

    def windows(self, origin: int) -> Windows:
        starts = torch.full_like(self.nodes, origin - LOOK_BACK)
        return Windows(self.own, self.aggregate, self.nodes, starts, LOOK_BACK)

    def additions(self, network: STGNN) -> Additions:
        assert network.neighbours is not None
        return Additions(self.row_sum[:, None] * network.neighbours.bias)

    def _torch_step(self, network: nn.Module) -> Callable[[], None]:
        optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, weight_decay=1e-3)
        network.train()

        def step() -> None:
            origin = self.origin()
            optimiser.zero_grad(set_to_none=True)
            forecast = network(self.own[:, origin - LOOK_BACK : origin].T.unsqueeze(0))
            target = self.own[:, origin : origin + HORIZON].T.unsqueeze(0)
            nn.functional.smooth_l1_loss(forecast, target).backward()
            nn.utils.clip_grad_norm_(network.parameters(), 0.5)
            optimiser.step()

        return step


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
    """Of a process of its own: peak memory of three steps above what it held before them."""
    done = subprocess.run(
        [sys.executable, __file__, "--memory-of", variant], capture_output=True, text=True, check=True
    )
    return float(json.loads(done.stdout)["peak_mib"])


def report_memory(variant: str) -> None:
    torch.set_num_threads(2)
    bench = Bench()
    step = {"reference": bench.reference, "geometric": bench.geometric, "fused": bench.fused}[variant]()
    # Peaks of the set-up are forgotten, so that only the steps' own is left.
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
            weights = network.recurrent_weights()
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


def peak_gflop_per_s() -> float:
    """Of a large float32 matrix product: what this machine can do."""
    a, b = torch.randn(2, 2048, 2048)
    return 2 * 2048**3 / min(in_turns({"mm": lambda: torch.mm(a, b)}, 15)["mm"]) / 1e9


@dataclass(frozen=True)
class Row:
    what: str
    opponent: str
    measured: str
    must: str
    met: str


def judged(text: str, least: float) -> str:
    return "yes" if float(text.split("x")[0]) >= least else "**no**"


def measure() -> tuple[list[Row], list[str]]:
    torch.set_num_threads(2)
    bench = Bench()
    rows: list[Row] = []
    notes: list[str] = []

    def add(*row: str) -> None:
        rows.append(Row(*row))
        print(rows[-1], file=sys.stderr, flush=True)

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
        ">= 10x",
        judged(text, 10),
    )
    text = ratio(train, "geometric", "no dropout")
    add("same, without dropout", "torch-geometric's GCNConv + nn.GRU", text, ">= 20x", judged(text, 20))
    memory = {name: peak_over_setup_mib(name) for name in ("reference", "fused")}
    share = memory["fused"] / memory["reference"]
    add(
        "peak memory of training above set-up",
        "the study's step",
        f"{memory['fused']:.1f} of {memory['reference']:.0f} MiB: 1/{1 / max(share, 1e-3):.0f}",
        "<= 1/10",
        "yes" if share <= 0.1 else "**no**",
    )
    reference = ReferenceSTGNN(HORIZON, HIDDEN, DROP, bench.adjacency)
    infer = in_turns(
        {
            "reference": bench.windowed(reference),
            "fused": bench.fused_windowed(),
            "consecutive": bench.fused_consecutive(64),
            "streaming": bench.streaming(),
        },
        20,
    )
    text = ratio(infer, "reference", "fused")
    add("windowed inference, same function", "the study's", text, ">= 8x", judged(text, 8))
    text = ratio(infer, "reference", "consecutive", 64)
    add("64 consecutive windows with shared gates, per window", "the study's", text, "", "")
    text = ratio(infer, "reference", "streaming")
    add(
        "streaming, per new hour, with its column of A x",
        "the study's windowed",
        text,
        ">= 100x",
        judged(text, 100),
    )
    sizes = growth((1_000, 10_000, 100_000, 1_000_000))
    grown = sizes[-1][1] / sizes[0][1] - 1
    add(
        "step of 4,096 pairs, 1,000 to 1,000,000 nodes",
        "",
        ", ".join(f"{1e3 * seconds:.1f} ms" for _, seconds in sizes) + f" ({100 * grown:+.0f} %)",
        "within 20 %",
        "yes" if abs(grown) <= 0.2 else "**no**",
    )
    for target, must in (("x86-64-v3", ">= 6x (AVX2 only)"), ("x86-64-v2", "")):
        try:
            other = Bench(target=target)
        except Exception as error:
            add(f"training step built for {target}", "the study's step", f"not run: {error}", must, "")
            continue
        times = in_turns({"reference": other.reference(), "fused": other.fused()}, 10)
        text = ratio(times, "reference", "fused")
        add(
            f"training step built for {target}",
            "the study's step",
            text,
            must,
            judged(text, 6) if must else "",
        )
    from gpu import epoch_equivalent

    gpu = epoch_equivalent()
    add("one epoch-equivalent on a GPU (8,442 nodes x 9,193 windows)", "", str(gpu["status"]), "<= 5 s", "")

    peak = peak_gflop_per_s()
    step_s, infer_s = statistics.median(train["no dropout"]), statistics.median(infer["fused"])
    notes += [
        f"Floors: a float32 matrix product reaches {peak:.0f} GFLOP/s here. The matrix products of a training step "
        f"({TRAIN_FLOP * NODES / 1e9:.2f} GFLOP) take {1e3 * TRAIN_FLOP * NODES / peak / 1e9:.1f} ms at that rate, the "
        f"kernel {1e3 * step_s:.1f} ms ({TRAIN_FLOP * NODES / step_s / 1e9 / peak:.0%} of the floor's rate, with "
        f"sigmoid and tanh); a windowed forecast {1e3 * FORWARD_FLOP * NODES / peak / 1e9:.1f} ms, the kernel "
        f"{1e3 * infer_s:.1f} ms ({FORWARD_FLOP * NODES / infer_s / 1e9 / peak:.0%}).",
        "Medians of the calls: "
        + ", ".join(
            f"{name} {1e3 * statistics.median(values):.1f} ms"
            for name, values in [
                ("study's step", train["reference"]),
                ("torch-geometric's step", train["geometric"]),
                ("fused step with dropout", train["fused"]),
                ("fused step without", train["no dropout"]),
                ("study's forecast", infer["reference"]),
                ("fused forecast", infer["fused"]),
                ("64 consecutive windows", infer["consecutive"]),
                ("streaming hour", infer["streaming"]),
            ]
        )
        + ".",
    ]
    return rows, notes


def page(rows: list[Row], notes: list[str]) -> str:
    machine, commit = describe_machine(), describe_commit(ROOT)
    vectors = register_file(find_compiler(), "native")
    lines = [
        "# The engine, measured",
        "",
        "Made by `make benchmark-engine`. Ratios are medians of interleaved pairs, with the middle half of them.",
        "",
        f"Machine: {machine['processor']}, {machine['logical_cores']} logical cores ({vectors}, {BLOCKING[vectors][0]} "
        f"lanes), {machine['memory_gib']} GiB, {machine['system']}, Python {machine['python']}, torch "
        f"{describe_versions()['torch']}, two threads.",
        f"Date: {datetime.now(UTC):%Y-%m-%d}. Commit: {commit['commit'][:12]}"
        f"{' with local changes' if commit['dirty'] else ''}.",
        "",
        "| what | opponent | measured | must | met |",
        "|---|---|---|---|---|",
        *[f"| {row.what} | {row.opponent} | {row.measured} | {row.must} | {row.met} |" for row in rows],
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
    arguments.output.write_text(page(*measure()), encoding="utf-8")


if __name__ == "__main__":
    main()
