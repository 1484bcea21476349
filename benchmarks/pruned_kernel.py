"""Measure what removed units and channels save on the CPU kernel; with --output, write docs/pruned_kernel.md.

Run it alone. The full and the smaller network of a row are timed in turns within one process.
"""

import argparse
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

import torch
from paired_timing import ROUNDS, compare, judged
from torch import Tensor

from wattshed.engine.cpu.compiled import BLOCKING, find_compiler, register_file
from wattshed.engine.cpu.fused_cpu import FusedCpu
from wattshed.engine.cpu.fused_stream import FusedStream
from wattshed.engine.recurrent import NO_DROPOUT, Additions, RecurrentWeights, Windows
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine, describe_versions

ROOT = Path(__file__).resolve().parent.parent
NODES, LOOK_BACK, HORIZON, WINDOWS = 64, 24, 6, 32
# Longer by this factor with several threads is said.
LONGER = 1.2
REMOVED, SHARES_OF = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), (16, 64)


class Sizes(NamedTuple):
    hidden: int
    lift: int

    def __str__(self) -> str:
        return f"{self.hidden} units, {self.lift} channels"


# Full and smaller network, and how many times as fast a forecast must be.
PAIRS: tuple[tuple[Sizes, Sizes, float | None], ...] = (
    (Sizes(16, 16), Sizes(8, 8), 1.6),
    (Sizes(16, 16), Sizes(8, 16), None),
    (Sizes(16, 16), Sizes(16, 8), None),
    (Sizes(32, 32), Sizes(16, 16), None),
    (Sizes(64, 64), Sizes(32, 32), 2.0),
)


COLUMNS = (
    "Ratio: time of the full network over that of the smaller one. Must: the least ratio that was asked for; met: "
    "whether it was reached."
)


class Work:
    """A network of these sizes with random weights, on random series; its calls differ only in what they compute."""

    def __init__(self, sizes: Sizes) -> None:
        generator = torch.Generator().manual_seed(0)

        def draw(*shape: int) -> Tensor:
            return torch.empty(shape).uniform_(-1, 1, generator=generator) * sizes.hidden**-0.5

        hidden, lift = sizes
        self.kernel = FusedCpu(hidden, lift)
        self.weights = RecurrentWeights(
            *(draw(lift), draw(lift), draw(3 * hidden, lift), draw(3 * hidden, hidden)),
            *(draw(3 * hidden), draw(3 * hidden), draw(HORIZON, hidden), draw(HORIZON)),
        )
        hours = LOOK_BACK + WINDOWS
        self.own, self.aggregate = torch.randn(2, NODES, hours, generator=generator)
        self.every = torch.arange(NODES)
        starts = torch.randint(WINDOWS, (NODES * WINDOWS,), generator=generator)
        self.one = self.windows(self.every, torch.zeros_like(self.every))
        self.batch = self.windows(self.every.repeat(WINDOWS), starts)
        # What a graph adds to each pair's lift: its row sum times the bias.
        self.base, self.batch_base = draw(NODES, lift), draw(NODES * WINDOWS, lift)
        self.target = torch.randn(NODES * WINDOWS, HORIZON, generator=generator)
        self.stream = FusedStream(self.kernel, self.weights, self.base, torch.zeros(NODES, hidden))

    def windows(self, node: Tensor, start: Tensor) -> Windows:
        return Windows(self.own, self.aggregate, node, start, LOOK_BACK)

    def one_window(self) -> None:
        self.kernel.forecast(self.weights, self.one, Additions(self.base))

    def many_windows(self) -> None:
        self.kernel.forecast(self.weights, self.batch, Additions(self.batch_base))

    def consecutive(self) -> None:
        self.kernel.forecast_consecutive(self.weights, self.one, Additions(self.base), WINDOWS)

    def streamed_hour(self) -> None:
        self.stream.step(self.own[:, 0], self.aggregate[:, 0])

    def training_step(self) -> None:
        observed = torch.ones_like(self.target, dtype=torch.bool)
        self.kernel.learn(
            *(self.weights, self.batch, Additions(self.batch_base), self.target, observed),
            *("huber", NO_DROPOUT),
        )


# What is called, its method, and whether it is a forecast that has to be faster by the pair's number.
CALLS: tuple[tuple[str, Callable[[Work], None], bool], ...] = (
    ("forecast of one window", Work.one_window, True),
    (f"forecasts of {WINDOWS} windows", Work.many_windows, True),
    (f"forecasts of {WINDOWS} consecutive windows", Work.consecutive, False),
    ("one hour of a stream", Work.streamed_hour, False),
    (f"loss and gradients of {WINDOWS} windows", Work.training_step, False),
)


@dataclass(frozen=True)
class Row:
    full: str
    smaller: str
    what: str
    full_ms: str
    smaller_ms: str
    ratio: str
    by_processor_time: str
    must: str
    met: str


def halves(rounds: int = ROUNDS) -> Iterator[Row]:
    """Full and halved networks, with the current number of threads."""
    for full, smaller, least in PAIRS:
        works = Work(full), Work(smaller)
        for what, call, is_forecast in CALLS:
            timed = compare(partial(call, works[0]), partial(call, works[1]), rounds)
            yield Row(
                *(str(full), str(smaller), what, f"{timed.full_ms:.3f}", f"{timed.smaller_ms:.3f}"),
                *(str(timed.wall), str(timed.processor)),
                *((f">= {least}x", judged(timed.wall, least)) if least and is_forecast else ("", "")),
            )


def shares(hidden: int, rounds: int = ROUNDS) -> Iterator[tuple[str, ...]]:
    """How much faster a batch of windows is by the share of units and channels that was removed."""
    full = Work(Sizes(hidden, hidden))
    for removed in REMOVED:
        kept = round(hidden * (1 - removed))
        work = Work(Sizes(kept, kept))
        timed = compare(full.many_windows, work.many_windows, rounds)
        products = (hidden / kept) ** 2
        yield (
            *(f"{hidden}", f"{removed:.0%}", f"{kept}", str(timed.wall), str(timed.processor)),
            f"{products:.2f}x",
        )


def origin() -> list[str]:
    machine = describe_machine()
    vectors = register_file(find_compiler(), "native")
    return [
        f"Machine: {machine['processor']}, {machine['logical_cores']} logical cores ({vectors}, {BLOCKING[vectors][0]} "
        f"lanes), {machine['memory_gib']} GiB, {machine['system']}, Python {machine['python']}, torch "
        f"{describe_versions()['torch']}.",
        f"Date: {datetime.now(UTC):%Y-%m-%d}. Commit: {commit_text(describe_commit(ROOT))}.",
    ]


def measure(rounds: int = ROUNDS) -> list[str]:
    """The page's tables, line by line."""
    lines = []
    cores = len(os.sched_getaffinity(0))
    names = [field.name.replace("_", " ") for field in fields(Row)]
    by_one: list[Row] = []
    for threads in sorted({1, cores}):
        torch.set_num_threads(threads)
        title = "One thread" if threads == 1 else f"{threads} threads"
        lines += ["", f"## {title}", "", *_head(names)]
        rows = []
        for row in halves(rounds):
            rows.append(row)
            lines.append(_row(getattr(row, field.name) for field in fields(Row)))
            print(lines[-1], file=sys.stderr, flush=True)
        slower = slower_sentence(by_one, rows, threads)
        lines += ["", slower] if slower else []
        by_one = by_one or rows
    torch.set_num_threads(1)
    lines += [
        *("", "## By the share that was removed", ""),
        f"Forecasts of {WINDOWS} windows by one thread; as many units as channels are removed. The last column is the "
        "ratio of the multiplications in the gates' products. A forecast gains less, because the gates' functions grow "
        "with the size and not with its square.",
        "",
        *_head(("units and channels", "removed", "left", "ratio", "by processor time", "of the products")),
    ]
    for hidden in SHARES_OF:
        for share in shares(hidden, rounds):
            lines.append(_row(share))
            print(lines[-1], file=sys.stderr, flush=True)
    return lines


def slower_sentence(by_one: Sequence[Row], by_many: Sequence[Row], threads: int) -> str:
    """Names the calls for which several threads took clearly longer than one; empty without such a call."""
    times = {(row.full, row.smaller, row.what): row for row in by_one}
    found = []
    for row in by_many:
        one = times.get((row.full, row.smaller, row.what))
        if one is None:
            continue
        pairs = ((row.full, row.full_ms, one.full_ms), (row.smaller, row.smaller_ms, one.smaller_ms))
        found += [
            f"{row.what} with {sizes}, {many_ms} against {one_ms} ms"
            for sizes, many_ms, one_ms in pairs
            if float(many_ms) > LONGER * float(one_ms)
        ]
    if not found:
        return ""
    return (
        f"{threads} threads took more than {LONGER:g} times as long as one: {'; '.join(found)}. The two tables "
        "were not timed in turns."
    )


def _head(names: Sequence[str]) -> list[str]:
    return [_row(names), "|" + "---|" * len(names)]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def page(tables: list[str], rounds: int) -> str:
    lines = [
        "# Removed units and channels on the CPU kernel, measured",
        "",
        "Made by `python benchmarks/pruned_kernel.py --output docs/pruned_kernel.md`. A full and a smaller network are "
        f"called in turns; a ratio is the median of {rounds} pairs, with the 95 % interval of order statistics. "
        f"{COLUMNS}",
        "",
        *origin(),
        "",
        f"Series of {NODES} nodes, {LOOK_BACK} h of look-back, {HORIZON} h ahead, random weights: the time does not "
        "depend on values. One window is one forecast of all nodes. A call's fixed cost (its checks, the arranging of "
        "the weights) is in all numbers, and small work is done by one thread. Processor time is that of all threads; "
        "on a busy machine it varies less than time by the clock.",
        *tables,
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="Markdown page to write, as docs/pruned_kernel.md")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="pairs of each row")
    arguments = parser.parse_args()
    text = page(measure(arguments.rounds), arguments.rounds)
    if arguments.output is None:
        print(text)
    else:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
