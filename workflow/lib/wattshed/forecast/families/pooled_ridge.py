"""The family ``pooled_ridge``: linear in many features, with weights of every node that are partially pooled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from wattshed.config.models.families import ModelBlock
from wattshed.forecast.families.family import Family, Offer, SimpleFamily
from wattshed.forecast.families.pooled_features import feature_count
from wattshed.foundation.vocabulary import Information
from wattshed.law.operations.forward import BatchSizes, ForwardPass

if TYPE_CHECKING:
    import scipy.sparse as sp

    from wattshed.config.data.windows import WindowsBlock
    from wattshed.forecast.network import Network
    from wattshed.law.operations.fits import FitSizes
    from wattshed.law.operations.operation import Operation


class Settings(ModelBlock):
    """A ridge regression with shared weights and every node's deviation from them, solved in closed form."""

    form: Literal["pooled_ridge"] = Field(
        default="pooled_ridge",
        description="Ridge regression with shared weights and every node's deviation from them, in closed form.",
    )
    recipe: str | None = Field(default=None, description="Empty: a closed form has no recipe.")
    neighbours: bool = Field(
        default=True, description="Whether the neighbours' history and the mean of all nodes are features."
    )
    keep_sums: bool = Field(
        default=True,
        description="Whether a checkpoint keeps the sums of what was learned, which exact updates and dropping "
        "features need; they are kept up to 512 MiB.",
    )


def make(settings: Settings, windows: WindowsBlock, adjacency: sp.csr_array, seed: int) -> Network:
    from wattshed.forecast.pooled.features import PooledFeatures, feature_groups
    from wattshed.forecast.pooled.network import PooledRidge

    groups = feature_groups(
        windows.look_back_steps,
        windows.horizon_steps,
        neighbours=settings.neighbours,
        steps_per_hour=windows.steps_per_hour,
    )
    return PooledRidge(
        PooledFeatures(groups), windows.horizon_steps, adjacency.shape[0], keep_sums=settings.keep_sums
    )


class PooledFamily(SimpleFamily):
    """Offers what needs the kept sums only where they are kept."""

    def offers(self, settings: Settings) -> frozenset[Offer]:
        return self.always_offers if settings.keep_sums else frozenset()

    def feature_count(self, settings: Settings, windows: WindowsBlock) -> int:
        """How many features its networks have before any is dropped."""
        return feature_count(
            windows.look_back_steps,
            windows.horizon_steps,
            neighbours=settings.neighbours,
            steps_per_hour=windows.steps_per_hour,
        )


def sees(settings: Settings) -> frozenset[Information]:
    """What forecasts are made from."""
    others = frozenset(
        {Information.WEATHER} if settings.neighbours else {Information.WEATHER, Information.NEIGHBOURS}
    )
    return frozenset(Information) - others


def count(settings: Settings, sizes: BatchSizes) -> ForwardPass:
    """A forecast of windows of all nodes: features, and a product for each node. Nothing of it is trained."""
    from wattshed.law.operations.elementwise import moved
    from wattshed.law.operations.operation import Kind
    from wattshed.law.operations.products import product

    features = feature_count(
        sizes.length_steps,
        sizes.horizon_steps,
        neighbours=settings.neighbours,
        steps_per_hour=sizes.steps_per_hour,
    )
    whole, rest = divmod(sizes.rows, sizes.nodes)
    operations = (
        # Each is computed, then put beside the others.
        moved(sizes.rows * features, kind=Kind.HISTORIES, calls=2, gradient=False),
        product(
            Kind.LINEAR,
            1 if rest else whole,
            features,
            sizes.horizon_steps,
            products=sizes.rows if rest else sizes.nodes,
            gradients=0,
        ),
    )
    return ForwardPass(operations, parameters=0, tensors=0)


def count_fit(settings: Settings, sizes: FitSizes) -> tuple[Operation, ...]:
    from wattshed.law.operations.fits import pooled_fit

    features = feature_count(
        sizes.look_back_steps,
        sizes.horizon_steps,
        neighbours=settings.neighbours,
        steps_per_hour=sizes.steps_per_hour,
    )
    return pooled_fit(features, sizes)


FAMILY: Family = PooledFamily(
    Settings,
    (),
    make,
    frozenset({Offer.EXACT_UPDATES, Offer.FEATURES}),
    reads_graph=True,
    information=sees,
    count=count,
    count_fit=count_fit,
)
