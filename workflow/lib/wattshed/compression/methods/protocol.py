"""What a compression method must offer. Quick to import, because the configuration needs it."""

from __future__ import annotations

from abc import ABC
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.compression.methods.making import Making
    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.compression import VariantBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.families.family import Offer
    from wattshed.forecast.network import Network


class NotAvailable(Fault):
    """This machine, or this version of torch, cannot run the method; the message says why."""


class Method(ABC):
    """A way to make a trained network smaller.

    Settings: its settings in ``compression.variants``, with ``method`` as the literal name of the plug-in.
    asks: what a network must offer. keeps: what the result still offers, of what the network offered.
    learns: whether it trains. It is then done once and its energy is measured as it is; a method that does not train is
    repeated until its energy can be measured.
    shrinks: whether the result has fewer bytes as stored. Masks set weights to zero in tensors of the same shapes.
    restarts: whether it trains from first weights again and so undoes the steps before. Such a step is refused unless
    it is the first after the training, or follows only methods of ``restarts_after``, whose shapes it keeps.

    changes_gradients: whether its gradient steps change gradients before each update, which a memory plan must then
    keep.

    A method overrides :meth:`make`, or :meth:`make_from` if it needs data; then :meth:`skeleton` too.
    """

    Settings: ClassVar[type[VariantBlock]]
    asks: ClassVar[frozenset[Offer]]
    keeps: ClassVar[frozenset[Offer]]
    learns: ClassVar[bool] = False
    shrinks: ClassVar[bool] = True
    restarts: ClassVar[bool] = False
    restarts_after: ClassVar[frozenset[str]] = frozenset()
    changes_gradients: ClassVar[bool] = False

    def make(self, network: Network, settings: Any) -> Network:
        """A smaller network; the given one is not changed.

        Its ``state_dict`` holds plain tensors only, so that safetensors can store it.
        Raises :class:`NotAvailable` if it cannot run, and :class:`Fault` if nothing would become smaller.
        """
        raise Fault(
            f"the method {type(self).__name__} makes nothing from weights alone: expected data too; call make_from."
        )

    def make_from(self, making: Making, settings: Any) -> Network:
        """The same for a method that looks at data, trains, or asks what the checkpoint's recipe is.

        It depends on the weights, the settings, the data and the spec's seed alone.
        """
        return self.make(making.network, settings)

    def skeleton(self, network: Network, settings: Any) -> Network:
        """An untrained network with the result's shapes, into which the stored weights are loaded.

        The shapes that :meth:`make` and :meth:`make_from` give must not depend on weights or data.
        """
        return self.make(network, settings)

    def skeleton_on(
        self, network: Network, settings: Any, windows: WindowsBlock, adjacency: sp.csr_array, seed: int
    ) -> Network:
        """The same for a method whose result has another family than the network. adjacency: [N, N], as in training."""
        return self.skeleton(network, settings)

    def trained_shapes(
        self, network: Network, settings: Any, windows: WindowsBlock, adjacency: sp.csr_array, seed: int
    ) -> list[Network]:
        """Networks of all shapes that are trained while the result is made: their kernels are compiled before it is
        measured."""
        return [self.skeleton_on(network, settings, windows, adjacency, seed)]

    def fine_tune(self, making: Making, network: Network, settings: Any) -> tuple[int, float]:
        """Train a result on the training part, in place, by the settings' ``fine_tune_steps``; called after
        :meth:`make_from` unless they are 0. Returns the number of steps and their mean loss.
        """
        steps: int = settings.fine_tune_steps
        return steps, making.fine_tune(network, steps)

    def check(self, settings: Any, model: ModelBlock, earlier: Sequence[Any]) -> None:  # noqa: B027 (optional)
        """Raise :class:`ValueError` if the configuration shows that the variant cannot be made.

        model: settings of the trained model, or of the last step's result that is a network of its own
        (:meth:`becomes`); earlier: settings of the steps after it and before this one.
        """

    def check_sizes(  # noqa: B027 (optional)
        self,
        settings: Any,
        model: ModelBlock,
        earlier: Sequence[Any],
        windows: WindowsBlock,
        recipe: RecipeBlock,
    ) -> None:
        """The same as :meth:`check`, and called after it, for what depends on the windows or on the recipe.

        recipe: of the checkpoint before.
        """

    def check_steps(self, settings: Any, most: int) -> None:  # noqa: B027 (optional)
        """The same for what depends on the length of a training by the recipe of the checkpoint before.

        most: its largest number of gradient steps. Not called where that depends on a panel of unknown size.
        """

    def becomes(self, settings: Any) -> ModelBlock | None:
        """The block of the result's family, if the result is a network of its own and not a part of the one before.

        Its family then says what the result offers, and later steps are checked against this block.
        """
        return None

    def recipe_after(self, settings: Any, recipe: RecipeBlock) -> RecipeBlock:
        """The recipe that the result is trained by, and that its checkpoint holds. recipe: of the checkpoint before.

        It is called when the configuration is read, and again in the job; given its own result, it returns it again.
        Raises :class:`ValueError` if the result cannot be trained by that recipe.
        """
        return recipe

    def is_control(self, settings: Any) -> bool:
        """Whether a variant with these settings only serves to judge the method; claims about it leave it out."""
        return False

    def uses_checkpoint(self, settings: Any) -> bool:
        """Whether the result depends on the weights of the checkpoint that it is made of.

        If not, because the method trains from initial weights, the result is not charged for what it took to make that
        checkpoint. To take its shape alone is not to use it.
        """
        return True

    def units_left(self, settings: Any, units: int) -> int:
        """How many of the ``units`` of a recurrent layer, or of each feed-forward network, remain."""
        return units

    def channels_left(self, settings: Any, channels: int) -> int:
        """How many of a graph layer's ``channels`` remain."""
        return channels


def units_before(model: ModelBlock, earlier: Sequence[Any]) -> int | None:
    """Recurrent units of a model after the earlier steps; None for a model whose settings name none."""
    return _units_left(getattr(model, "hidden", None), earlier)


def feed_forward_units_before(model: ModelBlock, earlier: Sequence[Any]) -> int | None:
    """The same for units of feed-forward networks, of which each block has as many; of models that say ``units``."""
    return _units_left(getattr(model, "units", None), earlier)


def _units_left(units: int | None, earlier: Sequence[Any]) -> int | None:
    for settings in earlier:
        name = getattr(settings, "method", None)
        if units is not None and name is not None:
            units = plugins.load("method", name).units_left(settings, units)
    return units


def channels_before(model: ModelBlock, earlier: Sequence[Any]) -> int | None:
    """The same for the channels of the graph layer, of which there are as many as units unless the model names them."""
    channels: int | None = getattr(model, "channels", None) or getattr(model, "hidden", None)
    for settings in earlier:
        name = getattr(settings, "method", None)
        if channels is not None and name is not None:
            channels = plugins.load("method", name).channels_left(settings, channels)
    return channels
