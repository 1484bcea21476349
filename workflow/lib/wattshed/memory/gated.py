"""Gates that skip residual blocks for some examples. Shapes: M examples, C channels of an example's values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch._subclasses.fake_tensor import is_fake

from wattshed.foundation.faults import Fault

Decisions = Literal["learned", "random", "always", "never"]
Phase = Literal["training", "evaluation"]

# Share of the way that the threshold of evaluation moves to each batch's quantile.
MOVES = 0.05
# Added to mean squares: the root of zero has no finite gradient.
EPSILON = 1e-5


class Gated(nn.Module):
    """Decides for each example whether a residual block is executed; it lies in the block as its child ``gate``.

    A linear layer reads mean and root mean square of each channel over an example's other dimensions. Training: the
    decision is score > 0, its gradient that of sigmoid(score / temperature) (straight-through estimator, Bengio et al.
    2013), and the penalty pulls the share of executed examples to 1 - skip_share. Evaluation: the threshold is the
    running ``skip_share`` quantile of the scores in training, so that the budget holds whatever the penalty has
    reached. A decision depends on its own example alone, not on the batch.

    Scores are computed in float32 whatever the precision of the block.
    last_executed_share: of the last batch, None before it; executed: numbers of executed and of all examples by phase.
    """

    threshold: Tensor
    steps: Tensor

    def __init__(
        self,
        channels: int,
        *,
        skip_share: float,
        temperature: float = 1.0,
        warm_up_steps: int = 0,
        decisions: Decisions = "learned",
    ) -> None:
        """warm_up_steps: first batches of training in which the block is executed for all examples."""
        super().__init__()
        self.score = nn.Linear(2 * channels, 1)
        self.skip_share = skip_share
        self.temperature = temperature
        self.warm_up_steps = warm_up_steps
        self.decisions: Decisions = decisions
        # False computes all rows in evaluation too; the result is the same.
        self.skips_rows = True
        # They are buffers, so that a checkpoint and a resumed training have them.
        self.register_buffer("threshold", torch.zeros(()))
        self.register_buffer("steps", torch.zeros((), dtype=torch.int64))
        self._share: Tensor | None = None
        self._counts: dict[str, list[Any]] = defaultdict(lambda: [0, 0])
        self._last: tuple[Tensor | int, int] | None = None

    def forward(self, values: Tensor, block: Callable[..., Tensor], others: tuple[Any, ...]) -> Tensor:
        """values: [M, ..., C], what the block changes; others: its further inputs, of which tensors are [M, ...]."""
        if self.training:
            decided = self._training_decisions(values)
            if not is_fake(values):
                # The sum stays on the device: reading it would make it wait.
                self._note("training", decided.detach().sum(), len(values))
            changed = block(values, *others)
            # The product keeps all rows: shapes do not depend on decisions.
            return values + _like(decided, values) * (changed - values)
        executed = self.executes(values)
        if is_fake(values):
            rows = torch.arange(round(len(values) * self.expected_share), device=values.device)
        elif not self.skips_rows or torch.compiler.is_exporting() or torch.jit.is_tracing():
            self._note("evaluation", executed.sum(), len(values))
            return torch.where(_like(executed, values).bool(), block(values, *others), values)
        else:
            rows = executed.nonzero()[:, 0]
            self._note("evaluation", len(rows), len(values))
        if len(rows) == len(values):
            return block(values, *others)
        if len(rows) == 0:
            return values
        chosen = [one[rows] if isinstance(one, Tensor) else one for one in others]
        return values.index_copy(0, rows, block(values[rows], *chosen).to(values.dtype))

    @property
    def expected_share(self) -> float:
        """The share of examples for which the block is executed in evaluation, where values are unknown."""
        return {"always": 1.0, "never": 0.0}.get(self.decisions, 1 - self.skip_share)

    def executes(self, values: Tensor) -> Tensor:
        """Whether the block is executed for each example in evaluation, bool [M]."""
        if self.decisions in ("always", "never"):
            return torch.full((len(values),), self.decisions == "always", device=values.device)
        if self.decisions == "random":
            # A hash of the example: evaluations agree, whatever the batch.
            hashed = (self.scores(values) * 1e4) % 1.0
            return hashed >= self.skip_share
        return self.scores(values) > self.threshold

    def scores(self, values: Tensor) -> Tensor:
        """Float32 [M]; above the threshold the block is executed."""
        if torch.is_autocast_enabled(values.device.type):
            with torch.autocast(values.device.type, enabled=False):
                return self._scores(values.float())
        return self._scores(values.float())

    def _scores(self, values: Tensor) -> Tensor:
        flat = values if values.dim() == 3 else values.flatten(1, -2)
        # Cheap operators, because a gate must cost little beside a block: variances and norms of a middle dimension
        # take torch's CPU code many times as long.
        size = flat.square().mean(dim=1).add(EPSILON).sqrt()
        summary = torch.cat([flat.mean(dim=1), size], dim=-1)
        # Scores must not grow with the values: sigmoids would lose their gradient.
        summary = nn.functional.layer_norm(summary, summary.shape[-1:])
        return nn.functional.linear(summary, self.score.weight.float(), self.score.bias.float()).squeeze(-1)

    def budget_penalty(self) -> Tensor | None:
        """Squared distance of the last training batch's executed share from 1 - skip_share; None if there is none.

        The share comes once: what made it can then be freed.
        """
        share, self._share = self._share, None
        return None if share is None else (share - (1 - self.skip_share)).square()

    @property
    def last_executed_share(self) -> float | None:
        return None if self._last is None else float(self._last[0]) / max(1, self._last[1])

    @property
    def executed(self) -> dict[str, tuple[int, int]]:
        return {phase: (int(done), int(every)) for phase, (done, every) in self._counts.items()}

    def forget(self) -> None:
        """Start the counts of executed examples from zero."""
        self._counts.clear()

    def _training_decisions(self, values: Tensor) -> Tensor:
        """Float32 [M], 0 or 1, with the gradient of the probability."""
        if self.decisions in ("always", "never"):
            return self.executes(values).float()
        if self.decisions == "random":
            return (torch.rand(len(values), device=values.device) >= self.skip_share).float()
        scores = self.scores(values)
        probability = torch.sigmoid(scores / self.temperature)
        hard = (scores > 0).float()
        decided = hard + probability - probability.detach()
        self._share = decided.mean()
        with torch.no_grad():
            quantile = torch.quantile(scores.detach(), self.skip_share)
            moves = torch.where(self.steps == 0, 1.0, MOVES)
            self.threshold.lerp_(quantile, moves)
            warming = self.steps < self.warm_up_steps
            self.steps += 1
        return torch.where(warming, torch.ones_like(decided), decided)

    def _note(self, phase: Phase, done: Tensor | int, every: int) -> None:
        self._last = done, every
        counts = self._counts[phase]
        counts[0], counts[1] = counts[0] + done, counts[1] + every

    def __getstate__(self) -> dict[str, Any]:
        """For copies, which begin without counts: torch cannot copy a tensor with a graph."""
        return {**self.__dict__, "_share": None, "_last": None, "_counts": defaultdict(lambda: [0, 0])}


class GatedForward:
    """The forward pass of a block with a gate in it. A copy of the block has a copy of it.

    It hides the method of the block's class: names of tensors, and types that others ask for, stay as they are.
    """

    def __init__(self, block: nn.Module) -> None:
        self._block = block

    def __call__(self, values: Tensor, *others: Any) -> Tensor:
        gate: Any = self._block.gate
        found: Tensor = gate(values, self._plain, others)
        return found

    def _plain(self, *inputs: Any) -> Tensor:
        found: Tensor = type(self._block).forward(self._block, *inputs)
        return found


def insert_gates(network: nn.Module, names: tuple[str, ...], seed: int, **settings: Any) -> None:
    """Put a gate into each of these blocks, in place; weights are drawn from ``seed``.

    settings: those of :class:`Gated`. Raises :class:`Fault` if there is no block, and for a block whose channels are
    unknown.
    """
    if not names:
        raise Fault(
            f"gating finds no residual block in {type(network).__name__}: expected memory_parts().skippable to name "
            "some; leave the mechanism out, or take a family with such blocks."
        )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for name in names:
            block: Any = network.get_submodule(name)
            gate = Gated(_channels(network, name, block), **settings)
            device = next((one.device for one in block.parameters()), torch.device("cpu"))
            block.gate = gate.to(device)
            block.forward = GatedForward(block)


def gates_of(network: nn.Module) -> dict[str, Gated]:
    """The gates of a network by their block's name; empty without gating."""
    found = {name: part for name, part in network.named_modules() if isinstance(part, Gated)}
    return {name.rpartition(".")[0]: gate for name, gate in found.items()}


def _like(decided: Tensor, values: Tensor) -> Tensor:
    """Decisions [M] as [M, 1, ...], in the type of the values [M, ...]."""
    return decided.to(values.dtype).reshape(-1, *(1,) * (values.dim() - 1))


def _channels(network: nn.Module, name: str, block: nn.Module) -> int:
    """The last dimension of what a block reads: its attribute ``width``, or that of its first norm or linear layer."""
    declared = getattr(block, "width", None)
    if isinstance(declared, int):
        return declared
    for part in block.modules():
        if isinstance(part, nn.LayerNorm):
            return int(part.normalized_shape[-1])
        if isinstance(part, nn.Linear):
            return part.in_features
    raise Fault(
        f"gating cannot tell how many channels {name} of {type(network).__name__} reads: expected the attribute width, "
        "a LayerNorm or a Linear in it; set width in the block."
    )
