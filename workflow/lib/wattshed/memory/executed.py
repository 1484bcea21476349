"""How many examples each gated block was executed for, as values of an epoch's window."""

from __future__ import annotations

from torch import nn

from wattshed.memory.gated import gates_of


def forget_executed(network: nn.Module) -> None:
    """Start the counts of all gates from zero."""
    for gate in gates_of(network).values():
        gate.forget()


def executed_shares(network: nn.Module) -> dict[str, float]:
    """Executed shares since the counts began; empty without gates.

    ``executed_share``: of all blocks in evaluation; ``executed_share_training``: the same in training steps;
    ``executed_share_<block>``: of each block in evaluation. A phase without examples is left out.
    """
    gates = gates_of(network)
    found: dict[str, float] = {}
    for name, phase in (("executed_share", "evaluation"), ("executed_share_training", "training")):
        counts = [gate.executed.get(phase, (0, 0)) for gate in gates.values()]
        every = sum(count for _, count in counts)
        if every:
            found[name] = sum(done for done, _ in counts) / every
    for block, gate in gates.items():
        done, every = gate.executed.get("evaluation", (0, 0))
        if every:
            found[f"executed_share_{block}"] = done / every
    return found
