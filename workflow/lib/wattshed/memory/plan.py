"""The memory plan of a training: its mechanisms, in the order in which they are applied. Made without torch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from wattshed.config.memory.plans import refuse_misfit
from wattshed.forecast.families.family import Offer
from wattshed.foundation import plugins
from wattshed.foundation.faults import Fault
from wattshed.memory.levels import LEVELS
from wattshed.memory.mechanisms.protocol import Mechanism, Place

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.config.models.families import ModelBlock
    from wattshed.config.models.memory import MechanismBlock
    from wattshed.config.models.recipes import RecipeBlock
    from wattshed.forecast.network import Network
    from wattshed.memory.gradients import Gradients

# What a checkpoint is read by whose level was to be chosen and is not: mechanisms that cost no time.
UNCHOSEN = "low"
# Where a network names what its family offers; gating and checkpointing look for theirs themselves.
NAMED_PARTS = {Offer.ATTENTION: "attentions", Offer.AGGREGATION: "aggregations"}


@dataclass(frozen=True)
class MemoryPlan:
    """level: as it was asked for, or chosen by ``auto``; mechanisms: their settings; left_out: mechanisms of the level
    that this network has no use for, by name, with the reason; named: kinds that the configuration names itself."""

    level: str = "none"
    mechanisms: tuple[MechanismBlock, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    named: frozenset[str] = frozenset()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(mechanism.kind for mechanism in self.mechanisms)

    @cached_property
    def _pairs(self) -> tuple[tuple[Mechanism, Any], ...]:
        return tuple((plugins.load("mechanism", settings.kind), settings) for settings in self.mechanisms)

    @property
    def needs_torch(self) -> str | None:
        """Why torch must compute each training step, in words for the ledger; None if a fused kernel may."""
        found = [name for name in self.names if plugins.load("mechanism", name).needs_graph]
        if not found:
            return None
        return f"the memory plan has {' and '.join(found)}, for which torch must compute the training"

    @property
    def freeing(self) -> tuple[str, ...]:
        """Mechanisms that free gradients before all are known."""
        return tuple(own.kind for plugin, own in self._pairs if plugin.frees_gradients)

    @property
    def precision(self) -> Literal["bf16"] | None:
        """The arithmetic of a training step; None leaves it to the recipe."""
        return next((found for plugin, own in self._pairs if (found := plugin.precision(own))), None)

    @property
    def parts(self) -> int:
        """Into how many parts each batch is split."""
        return max((plugin.parts(own) for plugin, own in self._pairs), default=1)

    def without(self, *kinds: str) -> MemoryPlan:
        """The plan without mechanisms of these kinds."""
        return replace(self, mechanisms=tuple(one for one in self.mechanisms if one.kind not in kinds))

    def applied(self, network: Network, seed: int) -> Network:
        """The network with all mechanisms in it, changed in place or a new one; call it before weights are loaded.

        seed: of new weights. Raises :class:`Fault` if a mechanism does not find in the network what its family offers.
        """
        for plugin, own in self._pairs:
            _refuse_missing_parts(network, own.kind, plugin)
            network = plugin.apply(network, own, seed)
        network.trained_on_torch = self.needs_torch
        return network

    def renewed(self, network: Network, seed: int) -> Network:
        """The network after steps that may have replaced parts of it: mechanisms that change no weights are applied
        again, where the network still offers their parts."""
        for plugin, own in self._pairs:
            if not plugin.changes_weights:
                network = plugin.apply(network, own, seed)
        network.trained_on_torch = self.needs_torch
        return network

    @contextmanager
    def around_step(self, device: torch.device) -> Iterator[None]:
        """The context of the forward and the backward pass of each batch."""
        with ExitStack() as stack:
            for plugin, own in self._pairs:
                stack.enter_context(plugin.around_step(own, device))
            yield

    def penalty(self, network: Network) -> Tensor | None:
        """A scalar that is added to the loss of each batch; None adds nothing."""
        total: Tensor | None = None
        for plugin, own in self._pairs:
            found = plugin.penalty(network, own)
            if found is not None:
                total = found if total is None else total + found
        return total

    def gradients_of(self, network: Network, optimiser: torch.optim.Optimizer) -> Gradients:
        """How a step keeps gradients and updates weights."""
        from wattshed.memory.gradients import Gradients

        for plugin, own in self._pairs:
            found = plugin.gradients_of(own, network, optimiser)
            if found is not None:
                return found
        return Gradients(network, optimiser)


def _refuse_missing_parts(network: Network, kind: str, plugin: Mechanism) -> None:
    """Raise :class:`Fault` if a network does not name the parts that its family offers: nothing would be saved."""
    for offer, parts in NAMED_PARTS.items():
        if offer in plugin.asks and not getattr(network.memory_parts(), parts):
            raise Fault(
                f"the memory mechanism {kind} finds no {parts} in {type(network).__name__}, whose family offers "
                f"{offer}: expected memory_parts().{parts} to name some; correct the family, or leave it out."
            )


PLAIN = MemoryPlan()


def plan_of(
    recipe: RecipeBlock,
    model: ModelBlock,
    windows: WindowsBlock,
    place: Place | None = None,
    level: str | None = None,
) -> MemoryPlan:
    """The plan of a model's training. place: None for a CPU; level: in place of the recipe's, for one that is chosen.

    A mechanism that the configuration names is refused with a :class:`Fault` if it does not fit; one of a level is left
    out, with the reason. ``auto`` without a chosen level takes what costs no time.
    """
    block = recipe.memory
    if block is None and level is None:
        return PLAIN
    place = Place() if place is None else place
    named = {} if block is None else {settings.kind: settings for settings in block.mechanisms}
    wanted = level or ("none" if block is None else block.level)
    taken = dict(named)
    for number, settings in enumerate(named.values()):
        try:
            refuse_misfit(settings, recipe, model, windows, frozenset(named) - {settings.kind})
        except ValueError as error:
            raise Fault(f"the recipe's memory.mechanisms.{number} ({settings.kind}): {error}.") from error
    left_out: list[tuple[str, str]] = []
    known = plugins.names("mechanism")
    for kind, keys in LEVELS[UNCHOSEN if wanted == "auto" else wanted].items():
        if kind in named or kind not in known:
            continue
        plugin: Mechanism = plugins.load("mechanism", kind)
        own = plugin.Settings.model_validate({"kind": kind, **keys})
        reason = _why_left_out(own, recipe, model, windows, frozenset(taken), place)
        if reason is None:
            taken[kind] = own
        else:
            left_out.append((kind, reason))
    ordered = tuple(taken[kind] for kind in known if kind in taken)
    return MemoryPlan(wanted, ordered, tuple(left_out), frozenset(named))


def with_level(recipe: RecipeBlock, level: str) -> RecipeBlock:
    """The recipe with a level that was chosen, for checkpoints; the limit that it was chosen by has done."""
    assert recipe.memory is not None
    chosen = {"level": level, "limit_mb": None}
    return recipe.model_copy(update={"memory": recipe.memory.model_copy(update=chosen)})


def _why_left_out(
    settings: MechanismBlock,
    recipe: RecipeBlock,
    model: ModelBlock,
    windows: WindowsBlock,
    others: frozenset[str],
    place: Place,
) -> str | None:
    """Why a level leaves a mechanism out; None if it takes it."""
    plugin: Mechanism = plugins.load("mechanism", settings.kind)
    try:
        refuse_misfit(settings, recipe, model, windows, others)
        plugin.check_device(settings, place.device)
    except ValueError as error:
        return str(error).split(";", 1)[0]
    if plugin.needs_graph and (kernel := _kernel_computes(recipe, model, place, others)):
        return kernel
    return plugin.why_not_here(settings, place)


def _kernel_computes(
    recipe: RecipeBlock, model: ModelBlock, place: Place, others: frozenset[str]
) -> str | None:
    """Why nothing is gained on torch's graph: a fused kernel may compute the training, and keeps no activations."""
    family = plugins.load("family", model.form)
    has_kernel = not getattr(family, "torch_only", False) and hasattr(model, "hidden")
    asks_torch = place.engine == "torch" or model.engine == "torch"
    on_torch = any(plugins.load("mechanism", kind).needs_graph for kind in others)
    if not has_kernel or asks_torch or on_torch or recipe.sampling != "pairs" or recipe.precision != "fp32":
        return None
    if getattr(model, "recurrent_layers", 1) > 1:
        return None
    return "a fused kernel computes this training where there is one, and keeps no activations"
