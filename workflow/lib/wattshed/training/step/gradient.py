"""One gradient step, and its loss."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from wattshed.forecast.computing import fused_loss
from wattshed.forecast.network import LossName, Network
from wattshed.forecast.series import Pairs, Sequences
from wattshed.foundation.faults import Fault
from wattshed.memory.plan import PLAIN, MemoryPlan
from wattshed.training.batches.drawing import Batch
from wattshed.training.batches.splitting import split
from wattshed.training.step.precision import Precision


class StepHooks(Protocol):
    """What a technique adds to a gradient step. Hooks with an attribute ``loss_weight`` also change the factor of the
    batch's own loss, which is 1; with 0 it is not computed. Hooks whose attribute ``projects`` is False change no
    gradient, so that a memory plan may free each gradient on its own.
    """

    def penalty(self, batch: Batch) -> Tensor | None:
        """A scalar that is added to the batch's loss; None adds nothing."""
        ...

    def project(self, gradients: list[Tensor]) -> None:
        """Change the gradients in place, before they are clipped; those of the parameters that have one, in order."""
        ...


def gradient_step(
    network: Network,
    batches: Sequence[Batch],
    optimiser: torch.optim.Optimizer,
    loss_name: LossName,
    clip_norm: float | None,
    precision: Precision,
    hooks: StepHooks | None = None,
    plan: MemoryPlan = PLAIN,
) -> Tensor:
    """One step on the mean loss over all observed cells of the batches, which are processed one at a time.

    clip_norm: largest gradient norm, None for no limit; plan: the memory plan, which is applied to the network already.
    Returns the loss before the step, detached, with the penalties of hooks and plan; NaN if the gradient is not finite,
    because the weights are then invalid.
    """
    projects = hooks is not None and getattr(hooks, "projects", True)
    gradients = _fitting(plan, hooks if projects else None).gradients_of(network, optimiser)
    losses: list[Tensor] = []
    with gradients.collecting():
        for batch, share in zip(batches, observed_shares(batches), strict=True):
            _backward(network, batch, share, loss_name, precision, hooks, plan, losses)
    total = losses[0] if len(losses) == 1 else torch.stack(losses).sum()
    norm = gradients.update(clip_norm, precision, hooks if projects else None)
    if precision.scaler is None:
        # 0 * norm is 0 for a finite gradient and NaN for any other.
        total = total + 0 * norm
    return total


def _backward(
    network: Network,
    batch: Batch,
    share: Tensor | None,
    loss_name: LossName,
    precision: Precision,
    hooks: StepHooks | None,
    plan: MemoryPlan,
    losses: list[Tensor],
) -> None:
    """The forward and backward passes of one batch, whole or in the plan's parts; adds to the losses.

    share: the batch's share of all observed cells, None for all of them.
    """
    weight = getattr(hooks, "loss_weight", 1.0)
    parts = [batch] if plan.parts == 1 else split(batch, plan.parts)
    for number, (part, part_share) in enumerate(zip(parts, observed_shares(parts), strict=True)):
        with plan.around_step(batch.target.device):
            with precision.autocast():
                loss = _own_loss(network, part, loss_name, weight)
                added = plan.penalty(network)
                # Hooks see the whole batch: some draw from a memory each time that they are asked.
                penalty = None if hooks is None or len(parts) > 1 else hooks.penalty(batch)
            for more in (added, penalty):
                loss = loss if more is None else loss + more
            for factor in (part_share, share):
                loss = loss if factor is None else loss * factor
            precision.backward(loss)
        losses.append(loss.detach())
        if number + 1 == len(parts) > 1 and hooks is not None:
            with plan.around_step(batch.target.device):
                with precision.autocast():
                    penalty = hooks.penalty(batch)
                if penalty is not None:
                    penalty = penalty if share is None else penalty * share
                    precision.backward(penalty)
                    losses.append(penalty.detach())


def _fitting(plan: MemoryPlan, projecting: StepHooks | None) -> MemoryPlan:
    """The plan without what frees gradients that the hooks still change.

    Raises :class:`Fault` if the configuration names it; a level leaves it out.
    """
    if projecting is None:
        return plan
    freeing = plan.freeing
    for name in freeing:
        if name in plan.named:
            raise Fault(
                f"{type(projecting).__name__} changes all gradients before each update, and the recipe's memory "
                f"mechanism {name} frees each of them before: expected one of the two; leave {name} out of the "
                "recipe, or, with device: cuda, take gradient_offload."
            )
    return plan.without(*freeing) if freeing else plan


def _own_loss(network: Network, batch: Batch, loss_name: LossName, weight: float) -> Tensor:
    if weight == 0:
        return torch.zeros((), device=batch.target.device)
    loss = batch_loss(network, batch, loss_name)
    return loss if weight == 1 else weight * loss


def observed_shares(batches: Sequence[Batch]) -> Sequence[Tensor | None]:
    """Each batch's share of all observed cells; None for a single batch."""
    if len(batches) == 1:
        return [None]
    cells = torch.stack([batch.observed.sum() for batch in batches])
    return (cells / cells.sum().clamp(min=1)).unbind()


def batch_loss(network: Network, batch: Batch, loss_name: LossName) -> Tensor:
    """Mean loss of the network's forecasts of a batch, computed by the back end that its series allow."""
    first = batch.inputs[0]
    if isinstance(first, Pairs):
        loss = fused_loss(network, first, batch.target, batch.observed, loss_name)
        if loss is not None:
            return loss
    return observed_loss(batch_forecast(network, batch), batch.target, batch.observed, loss_name)


def batch_forecast(network: Network, batch: Batch) -> Tensor:
    """The network's scaled forecasts of a batch, in the shape of its target, computed by torch."""
    first = batch.inputs[0]
    forecast: Tensor = (
        network.forward_sequence(first) if isinstance(first, Sequences) else network(*batch.inputs)
    )
    return forecast


def observed_loss(forecast: Tensor, target: Tensor, observed: Tensor, name: LossName) -> Tensor:
    """Mean loss over observed cells, in the target's precision; 0 if no cell was observed. Huber's delta is 1.

    ``cross_entropy`` takes the forecast for logits [B, 1, C] and the target for probabilities of the classes; its mean
    is over examples of which a class was observed.
    Raises :class:`Fault` for a forecast of another shape, which would be repeated to fit.
    """
    if forecast.shape != target.shape:
        raise Fault(
            f"the network's forecast has the shape {list(forecast.shape)}: expected {list(target.shape)}, one value "
            "for each example and hour ahead; correct the family's forward."
        )
    if name == "cross_entropy":
        return _cross_entropy(forecast.to(target.dtype), target, observed)
    if name == "huber":
        cells = nn.functional.smooth_l1_loss(forecast.to(target.dtype), target, reduction="none")
    else:
        cells = nn.functional.mse_loss(forecast.to(target.dtype), target, reduction="none")
    return torch.where(observed, cells, 0).sum() / observed.sum().clamp(min=1)


def _cross_entropy(logits: Tensor, target: Tensor, observed: Tensor) -> Tensor:
    """Mean over examples; logits, target, observed: [..., C]."""
    cells = torch.where(observed, -target * logits.log_softmax(dim=-1), 0)
    return cells.sum() / observed.any(dim=-1).sum().clamp(min=1)
