"""Random inputs of the fused kernels, of any shape."""

import torch

from wattshed.engine.recurrent import Additions, RecurrentWeights, Windows


def made_weights(
    hidden: int, horizon: int, generator: torch.Generator, lift: int | None = None
) -> RecurrentWeights:
    lift = hidden if lift is None else lift
    shapes = (
        *((lift,), (lift,), (3 * hidden, lift), (3 * hidden, hidden)),
        *((3 * hidden,), (3 * hidden,), (horizon, hidden), (horizon,)),
    )
    bound = hidden**-0.5
    return RecurrentWeights(
        *(torch.empty(shape).uniform_(-bound, bound, generator=generator) for shape in shapes)
    )


def made_case(
    seed: int,
    hidden: int,
    look_back_steps: int,
    horizon: int,
    samples: int,
    nodes: int = 7,
    slots: int = 0,
    *,
    lift: int | None = None,
    base: bool = True,
) -> tuple[RecurrentWeights, Windows, Additions, torch.Tensor, torch.Tensor]:
    """Weights, windows, additions, targets and which of them were observed.

    slots: rows of the calendar, 0 for none; lift: channels, None for as many as hidden units; base: with one or not.
    """
    lift = hidden if lift is None else lift
    generator = torch.Generator().manual_seed(seed)
    hours = look_back_steps + 40
    own, aggregate = torch.randn(2, nodes, hours, generator=generator)
    node = torch.randint(nodes, (samples,), generator=generator)
    start = torch.randint(hours - look_back_steps + 1, (samples,), generator=generator)
    slot = torch.arange(hours, dtype=torch.int32) % slots if slots else None
    additions = Additions(
        torch.randn(samples, lift, generator=generator) * 0.3 if base else None,
        torch.randn(slots, lift, generator=generator) * 0.3 if slots else None,
    )
    target = torch.randn(samples, horizon, generator=generator) * 1.5
    observed = torch.rand(samples, horizon, generator=generator) > 0.2
    target[~observed] = torch.nan
    windows = Windows(own, aggregate, node, start, look_back_steps, slot)
    return made_weights(hidden, horizon, generator, lift), windows, additions, target, observed
