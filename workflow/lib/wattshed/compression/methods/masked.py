"""What methods share that set weights to zero in place: their tensors keep their shapes."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from wattshed.compression.methods.protocol import Method, units_before
from wattshed.compression.methods.recurrent_sizes import gates_of, matrices_of
from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Offer
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.compression.methods.making import Making
    from wattshed.config.data.windows import WindowsBlock
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
    changes_gradients = True

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
    """Raises :class:`ValueError` if the share keeps no weight of the recurrent matrix, [gates * units, units]."""
    units = units_before(model, earlier)
    weights = 0 if units is None else gates_of(model) * units * units
    if weights and round(weights * share) < 1:
        raise ValueError(
            f"{key} {share:g} keeps none of the {weights} recurrent weights of {units} units; expected a larger share"
        )


def refuse_masks(
    what: str, keep_share: float, left: Mapping[str, int] | int, matrices: int
) -> dict[str, int] | int:
    """How many weights masks keep; they are counted as masks.py counts them.

    what: the setting behind the share, for sentences; left: weights that are left, of each matrix by its name, or of
    all in one ranking; matrices: how many there are.
    Raises :class:`ValueError` if a matrix would lose all its weights, or if none would be removed.
    """
    if isinstance(left, int):
        before, kept = left, round(keep_share * left)
        if kept < matrices:
            raise ValueError(
                f"{what} keeps {kept} of {before} weights in {matrices} matrices; expected settings that keep at least "
                "one weight of each matrix"
            )
        _refuse_full(what, before, kept)
        return kept
    found = {name: round(keep_share * count) for name, count in left.items()}
    for name, count in found.items():
        if count < 1:
            raise ValueError(
                f"{what} keeps none of the {left[name]} weights of {name}; expected settings that keep at least one "
                "weight of each matrix"
            )
    _refuse_full(what, sum(left.values()), sum(found.values()))
    return found


def refuse_rounds(
    what: str,
    keep_share: float,
    scope: Scope,
    rounds: int,
    model: ModelBlock,
    earlier: Sequence[object],
    windows: WindowsBlock,
) -> None:
    """The same for each round of masks on the network of a model, where its settings show the sizes."""
    matrices = matrices_of(model, earlier, windows)
    if matrices is None:
        return
    left: dict[str, int] | int = matrices if scope == "layer" else sum(matrices.values())
    for number in range(1, rounds + 1):
        place = f"{what} in round {number}" if rounds > 1 else what
        left = refuse_masks(place, keep_share, left, len(matrices))


def _refuse_full(what: str, before: int, kept: int) -> None:
    if kept >= before:
        raise ValueError(
            f"{what} removes none of the {before} weights; expected settings that remove at least one"
        )
