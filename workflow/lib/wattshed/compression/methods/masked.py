"""What methods share that set weights to zero in place: their tensors keep their shapes."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from wattshed.compression.methods.protocol import Method, units_before
from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Offer
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.compression.methods.making import Making
    from wattshed.forecast.network import Network

Scope = Literal["global", "layer"]
SCOPE = (
    "`global` ranks the weights of all matrices together, `layer` those of each matrix for itself. In one ranking a "
    "matrix of small weights, such as an output that started at zero, may lose all of them, which is refused."
)


class Masking(Method):
    """Sets single weights of linear and recurrent maps to zero; biases stay.

    The zeros are a control for what removal gains: shapes, bytes and speed are those of the dense network. They stay
    zero in the variant's own fine-tuning. Later steps of a chain may fill them.
    """

    asks = frozenset({Offer.LINEAR_MAPS})
    keeps = frozenset(Offer)
    shrinks = False

    def skeleton(self, network: Network, settings: Any) -> Network:
        return copy.deepcopy(network)

    def fine_tune(self, making: Making, network: Network, settings: Any) -> tuple[int, float]:
        """Weights that are zero stay zero."""
        from wattshed.compression.methods.masks import fine_tune_masked

        steps: int = settings.fine_tune_steps
        return steps, fine_tune_masked(making, network, steps)


class MaskedTraining(Masking):
    """A masking method that trains from the first weights of the base model, and so follows the base model alone."""

    asks = frozenset({Offer.UPDATES, Offer.LINEAR_MAPS})
    learns = True
    restarts = True


def refuse_later_steps(making: Making) -> None:
    """Raises :class:`Fault` if the checkpoint that training from the start would follow is not a base model."""
    if len(making.spec.steps) > 1:
        raise Fault(
            f"{making.spec.lineage} would train the base model again from its first weights, which undoes the steps "
            f"before {making.spec.steps[-1].name}: expected it as the first step after the training; change the chain."
        )


def refuse_empty_matrix(key: str, share: float, model: ModelBlock, earlier: Sequence[object]) -> None:
    """Raises :class:`ValueError` if the share keeps no weight of the recurrent matrix, [3 units, units]."""
    units = units_before(model, earlier)
    if units is not None and round(3 * units * units * share) < 1:
        raise ValueError(
            f"{key} {share:g} keeps none of the {3 * units * units} recurrent weights of {units} units; expected a "
            "larger share"
        )
