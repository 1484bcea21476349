"""Measure kernels of attention and of graph aggregation on one core; with --output, write docs/memory_kernels.md.

Run it alone; it takes about a minute. The two calls of a ratio are timed in turns within one process.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import torch
from paired_timing import Ratio, compare, judged
from torch import Tensor, nn

from wattshed.engine.aggregation.kernels import KERNELS
from wattshed.engine.attention.block import Blocks
from wattshed.engine.attention.fused import FUSED
from wattshed.engine.attention.kernel import EXPLICIT, AttentionKernel
from wattshed.forecast.networks.transformer import Attention
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine, describe_versions
from wattshed.memory.accounting.saved_bytes import SavedBytes

ROOT = Path(__file__).resolve().parent.parent
LENGTHS = (172, 352, 512, 1000)
EXAMPLES, WIDTH, HEADS = 8, 128, 4
BLOCK = Blocks(32, 1)
# How many times as fast fused attention must be, by the length of the series.
AIMS = {172: 1.4, 512: 3.0}
ROUNDS = 21
# A batch of the source's graphs: 200 regions, of whose pairs the fifth of strongest correlation are edges.
NODES, EDGES, CHANNELS = 200, 8000, 128
Row = tuple[str, ...]


class Layer:
    """A layer of attention of the house with a kernel, and the same weights for every kernel."""

    def __init__(self, length: int, kernel: AttentionKernel) -> None:
        torch.manual_seed(0)
        self.layer = Attention(WIDTH, HEADS).eval()
        self.layer.kernel = kernel
        self.values = torch.randn(EXAMPLES, length, WIDTH)
        with torch.no_grad():
            joint = self.layer.qkv(self.values).unflatten(-1, (3, HEADS, -1))
        self.mixed: tuple[Tensor, Tensor, Tensor] = joint.permute(2, 0, 3, 1, 4).unbind(0)

    @torch.inference_mode()
    def whole(self) -> None:
        self.layer(self.values)

    @torch.inference_mode()
    def alone(self) -> None:
        self.layer.kernel(*self.mixed, None, 0.0)

    def saved_bytes(self) -> int:
        """What a training step would keep of this layer for its backward pass, beside weights and input."""
        with SavedBytes(self.layer, [self.values]) as saved:
            kept = self.layer(self.values)
        del kept
        return saved.bytes

    def error(self, pattern: Tensor | None = None) -> float:
        """Largest absolute difference to the formula in float64. pattern: bool [L, L], pairs that count."""
        query, key, value = (one.double() for one in self.mixed)
        scores = query @ key.transpose(-2, -1) / (WIDTH / HEADS) ** 0.5
        if pattern is not None:
            scores = scores.masked_fill(~pattern, float("-inf"))
        wanted = torch.softmax(scores, -1) @ value
        with torch.inference_mode():
            found = self.layer.kernel(*self.mixed, None, 0.0)
        return float((found - wanted).abs().max())


class TorchLayer:
    """torch's own layer as it is called by default: it returns the mean of the heads' weights beside the result."""

    def __init__(self, length: int) -> None:
        torch.manual_seed(0)
        self.layer = nn.MultiheadAttention(WIDTH, HEADS, batch_first=True).eval()
        self.values = torch.randn(EXAMPLES, length, WIDTH)

    @torch.inference_mode()
    def whole(self) -> None:
        self.layer(self.values, self.values, self.values)


def ratio_row(
    what: str, slow: Callable[[], None], fast: Callable[[], None], rounds: int, aim: float | None
) -> Row:
    timed = compare(slow, fast, rounds)
    must = (f">= {aim}x", judged(timed.wall, aim)) if aim else ("", "")
    return (
        what,
        f"{timed.full_ms:.2f}",
        f"{timed.smaller_ms:.2f}",
        str(timed.wall),
        str(timed.processor),
        *must,
    )


def speeds(length: int, rounds: int) -> Iterator[Row]:
    """Inference of one layer by its kernel."""
    explicit, fused, blocks = (Layer(length, kernel) for kernel in (EXPLICIT, FUSED, BLOCK))
    aim = AIMS.get(length)
    yield ratio_row("attention: fused", explicit.alone, fused.alone, rounds, aim)
    yield ratio_row("attention: blocks", explicit.alone, blocks.alone, rounds, None)
    yield ratio_row("layer: fused", explicit.whole, fused.whole, rounds, aim)
    yield ratio_row("layer: blocks", explicit.whole, blocks.whole, rounds, None)
    yield ratio_row("torch's default layer: fused", TorchLayer(length).whole, fused.whole, rounds, None)


def kept(length: int) -> Row:
    """Megabytes saved for the backward pass, and the largest error."""
    layers = [Layer(length, kernel) for kernel in (EXPLICIT, FUSED, BLOCK)]
    plain, *others = [layer.saved_bytes() for layer in layers]
    errors = [layers[0].error(), layers[1].error(), layers[2].error(BLOCK.pattern(length))]
    shares = [f"{one / 1e6:.2f} ({one / plain:.0%})" for one in others]
    return (str(length), f"{plain / 1e6:.2f}", *shares, *(f"{error:.1e}" for error in errors))


class Graphs:
    """Random graphs of the source's size with weights for their edges."""

    def __init__(self) -> None:
        random = torch.Generator().manual_seed(0)
        self.values = torch.randn(EXAMPLES, NODES, HEADS, CHANNELS, generator=random).requires_grad_()
        self.sources, self.targets = torch.randint(NODES, (2, EXAMPLES, EDGES), generator=random)
        self.weights = torch.rand(EXAMPLES, EDGES, HEADS, generator=random).requires_grad_()
        self.direction = torch.randn(self.values.shape, generator=random)

    def sums(self, name: str) -> Tensor:
        return KERNELS[name](self.values, self.sources, self.targets, self.weights, None)

    @torch.inference_mode()
    def forecast(self, name: str) -> None:
        self.sums(name)

    def step(self, name: str) -> None:
        torch.autograd.grad(self.sums(name), (self.values, self.weights), self.direction)

    def saved_bytes(self, name: str) -> int:
        with SavedBytes(inputs=[self.values, self.weights, self.sources, self.targets]) as saved:
            kept = self.sums(name)
        del kept
        return saved.bytes

    def error(self, name: str) -> float:
        with torch.no_grad():
            wanted = KERNELS["messages"](
                self.values.double(), self.sources, self.targets, self.weights.double(), None
            )
            return float((self.sums(name) - wanted).abs().max())


def aggregations(rounds: int) -> Iterator[Row]:
    graphs = Graphs()
    plain = graphs.saved_bytes("messages")
    yield ("messages", f"{plain / 1e6:.1f}", "", "", f"{graphs.error('messages'):.1e}")
    for name in ("dense", "streamed"):
        forward, step = (
            compare(partial(call, "messages"), partial(call, name), rounds)
            for call in (graphs.forecast, graphs.step)
        )
        saved = graphs.saved_bytes(name)
        yield (
            *(
                name,
                f"{saved / 1e6:.1f} ({saved / plain:.0%})",
                _times(forward.full_ms, forward.smaller_ms, forward.wall),
            ),
            *(_times(step.full_ms, step.smaller_ms, step.wall), f"{graphs.error(name):.1e}"),
        )


def _times(slow_ms: float, fast_ms: float, ratio: Ratio) -> str:
    return f"{slow_ms:.1f} -> {fast_ms:.1f} ms: {ratio}"


def origin() -> list[str]:
    machine = describe_machine()
    return [
        f"Machine: {machine['processor']}, {machine['logical_cores']} logical cores "
        f"({torch.backends.cpu.get_cpu_capability()}), {machine['memory_gib']} GiB, {machine['system']}, Python "
        f"{machine['python']}, torch {describe_versions()['torch']}. One thread.",
        f"Date: {datetime.now(UTC):%Y-%m-%d}. Commit: {commit_text(describe_commit(ROOT))}.",
    ]


def table(names: Sequence[str], rows: Iterable[Row]) -> list[str]:
    lines = [_row(names), "|" + "---|" * len(names)]
    for row in rows:
        lines.append(_row(row))
        print(lines[-1], file=sys.stderr, flush=True)
    return [*lines, ""]


def _row(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def page(rounds: int, lengths: Sequence[int] = LENGTHS) -> str:
    torch.set_num_threads(1)
    sizes = f"{EXAMPLES} examples, width {WIDTH}, {HEADS} heads, fp32, no dropout, no mask"
    timing = ("plain [ms]", "kernel [ms]", "ratio", "by processor time", "must", "met")
    lines = [
        "# Kernels of attention and of graph aggregation, measured",
        "",
        "Made by `python benchmarks/memory_kernels.py --output docs/memory_kernels.md`. Two kernels are called in "
        f"turns; a ratio is the median of {rounds} pairs, with the 95 % interval of order statistics. An aim is met if "
        "the whole interval reaches it.",
        "",
        *origin(),
        "",
        "## Attention at inference",
        "",
        f"{sizes}. *Attention* is scores, softmax and mixing alone. A *layer* has the projections of its input and of "
        "its result beside it, which no kernel makes faster: the aims are held against both. Plain is the house's own "
        "layer with explicit scores. The last row of each length holds the house's fused layer against "
        "`torch.nn.MultiheadAttention` as it is called by default, which returns weights and has a path of its own for "
        f"inference. Blocks are of {BLOCK.block} places and see {BLOCK.neighbours} neighbour to each side: another "
        "function, with less to compute. Large tensors of scores are new memory at each call, or memory that is used "
        "again: this is up to the system, so that the time of plain attention differs more than its ratio's interval "
        "says.",
        "",
        *table(
            ("T", "what", *timing),
            ((str(length), *row) for length in lengths for row in speeds(length, rounds)),
        ),
        "## What a layer keeps for the backward pass, and how exact it is",
        "",
        "Megabytes (1 MB = 10^6 bytes), each storage once, without weights and the layer's input; in brackets the "
        "share of plain attention. Errors are the largest absolute difference to the formula in float64; that of "
        "blocks to the formula with the same pattern as a mask.",
        "",
        *table(
            ("T", "plain [MB]", "fused [MB]", "blocks [MB]", "error plain", "error fused", "error blocks"),
            (kept(length) for length in lengths),
        ),
        "The sparse attention of the source study keeps more than plain attention, not less: 11.3 MB against 7.7 MB at "
        "T = 172, and 75 MB against 44 MB at T = 512, counted by hooks on its published code (its path of the largest "
        "scores alone: 14.6 and 99.8 MB). These numbers were recorded earlier and are not measured "
        "here.",
        "",
        "## Sums over the edges of graph attention",
        "",
        f"{EXAMPLES} graphs of {NODES} nodes and {EDGES} edges, {HEADS} heads of {CHANNELS} channels. Kept: what the "
        "backward pass needs beside the kernel's inputs. The plain way has one message for each edge.",
        "",
        *table(
            ("kernel", "kept [MB]", "forward, messages -> kernel", "forward and backward", "error"),
            aggregations(max(7, rounds // 2)),
        ),
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, help="Markdown page to write, as docs/memory_kernels.md")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="pairs of each row")
    arguments = parser.parse_args()
    text = page(arguments.rounds)
    if arguments.output is None:
        print(text)
    else:
        arguments.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
