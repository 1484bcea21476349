"""Low rank: weight matrices as products of two thin matrices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.compression.methods.protocol import Method, channels_before, units_before
from wattshed.compression.methods.recurrent_sizes import gates_of, shapes_of
from wattshed.config.models.compression import VariantBlock
from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Offer
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    from wattshed.compression.methods.making import Making
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network

BOTH = ("low_rank", "low_rank_scratch")
# gates / (gates + 1): the rank below which a matrix of [gates * units, units] becomes smaller, per unit.
SHARES = {3: "three quarters", 4: "four fifths"}


class LowRankSettings(VariantBlock):
    method: Literal["low_rank"] = Field(
        description="Truncated singular value decomposition of every weight matrix that becomes smaller by it."
    )
    rank: int = Field(ge=1, description="Columns of the thin matrices, rank of their product.")


class LowRank(Method):
    Settings = LowRankSettings
    asks = frozenset({Offer.LINEAR_MAPS})
    # What is of low rank already can still be quantised.
    keeps = frozenset({Offer.UPDATES, Offer.LINEAR_MAPS})

    def make_from(self, making: Making, settings: LowRankSettings) -> Network:
        """The same as :meth:`make`; it notes the part of the factorised matrices that was lost."""
        from wattshed.compression.methods.low_rank_layers import relative_error

        result = self.make(making.network, settings)
        before, after = making.network.linear_maps(), result.linear_maps()
        making.notes["relative_weight_error"] = relative_error(before, after)
        return result

    def make(self, network: Network, settings: LowRankSettings) -> Network:
        """A copy whose linear and recurrent layers are of low rank if that saves weights.

        A matrix [out, in] is replaced where rank * (in + out) < in * out.
        Source: Eckart and Young 1936, the best approximation of a given rank in the Frobenius norm.
        """
        from wattshed.compression.methods.low_rank_layers import thin_layers

        replaced = thin_layers(network.linear_maps(), settings.rank)
        refuse_nothing(replaced, settings.rank, type(network).__name__)
        return network.with_maps(replaced)

    def check(self, settings: LowRankSettings, model: ModelBlock, earlier: Sequence[object]) -> None:
        check_rank(settings.rank, model, earlier)

    def check_sizes(
        self,
        settings: LowRankSettings,
        model: ModelBlock,
        earlier: Sequence[object],
        windows: WindowsBlock,
        recipe: RecipeBlock,
    ) -> None:
        check_shapes(settings.rank, model, earlier, windows)


def refuse_nothing(replaced: Mapping[str, object], rank: int, network: str) -> None:
    """Raise :class:`Fault` if no layer is replaced. network: its class, for sentences."""
    if not replaced:
        raise Fault(
            f"rank {rank} makes no layer of {network} smaller: expected rank * (inputs + outputs) < inputs * outputs "
            "for at least one weight matrix; choose a lower rank."
        )


def check_rank(rank: int, model: ModelBlock, earlier: Sequence[object]) -> None:
    """Raise :class:`ValueError` if the configuration shows that nothing becomes smaller."""
    if any(getattr(settings, "method", None) in BOTH for settings in earlier):
        raise ValueError(
            "the matrices are of low rank already; expected one of low_rank and low_rank_scratch, once: leave out one "
            "of the two steps"
        )
    units, channels = units_before(model, earlier), channels_before(model, earlier)
    if units is None or channels is None:
        return
    # The matrices of a GRU are [3 units, channels] and [3 units, units], those of an LSTM have 4 units. The output's
    # [hours, units] would allow a higher rank only with more hours than that, and the hours are not known here.
    inputs, outputs = max(units, channels), gates_of(model) * units
    most = outputs * inputs / (outputs + inputs)
    if rank >= most:
        matrix = (
            f"{SHARES[gates_of(model)]} of the {units} units"
            if inputs == units
            else f"for the matrix [{outputs}, {inputs}] of {units} units that read {channels} channels"
        )
        raise ValueError(
            f"rank is {rank}; expected less than {most:g}, {matrix}: "
            "from there on the two thin matrices have more weights than the one that they replace"
        )


def check_shapes(rank: int, model: ModelBlock, earlier: Sequence[object], windows: WindowsBlock) -> None:
    """The same for the shapes that depend on the windows, such as those of dlinear."""
    shapes = shapes_of(model, earlier, windows)
    if shapes is None:
        return
    most = {name: rows * columns / (rows + columns) for name, (rows, columns) in shapes.items()}
    name = max(most, key=lambda one: most[one])
    if rank >= most[name]:
        rows, columns = shapes[name]
        raise ValueError(
            f"rank is {rank}; expected less than {most[name]:.4g}, for {name} [{rows}, {columns}]: from there on the "
            "two thin matrices have more weights than the one that they replace"
        )


METHOD = LowRank()
