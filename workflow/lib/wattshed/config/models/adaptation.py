"""The ``adaptation`` block: learning from later months, one month at a time."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints, model_validator

from wattshed.config.block import Block
from wattshed.config.plugin_block import PluginBlock, read_block

DEFAULT_STEPS = 100
# Keys that a strategy takes from the block where its own are empty; so are steps and epochs, of which it has one.
SHARED = ("batch", "learning_rate", "weight_decay")
# "+" joins the names in a lineage, so a name may not contain it.
# Keys that say how long and how fast a strategy learns.
PACE_KEYS = ("steps", "epochs", *SHARED)
StrategyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class StrategyBlock(Block):
    """Settings that every strategy has; each strategy's class adds its own. Empty keys take the block's values."""

    learns_by_steps: ClassVar[bool] = True
    """Whether it takes gradient steps; if not, a study refuses the keys of its pace, which it would ignore."""

    kind: str = Field(description="The strategy's name in the table of strategies.")
    models: list[str] | None = Field(
        default=None,
        description="Those of `adaptation.models` on which this strategy is compared; empty means all of them. A chain "
        "may use it on any model.",
    )
    steps: int | None = Field(default=None, ge=1, description="Gradient steps per month.")
    epochs: int | None = Field(
        default=None, ge=1, description="Passes over the month's (node, window) pairs, in place of `steps`."
    )
    batch: int | None = Field(default=None, ge=2, description="(node, window) pairs per step.")
    learning_rate: float | None = Field(default=None, gt=0, lt=1, description="Learning rate of the updates.")
    weight_decay: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="AdamW weight decay of the updates; empty here and in the block means that of the model's recipe.",
    )

    @model_validator(mode="after")
    def _steps_or_epochs(self) -> "StrategyBlock":
        refuse_both(self.steps, self.epochs)
        return self

    @property
    def takes_shared_pace(self) -> bool:
        """Whether empty keys take the block's values; if not, those of the model's recipe."""
        return True


def refuse_both(steps: int | None, epochs: int | None) -> None:
    """Raises :class:`ValueError` if a length is given in steps and in epochs."""
    if steps is not None and epochs is not None:
        raise ValueError(f"steps is {steps} and epochs {epochs}; expected one of them: remove the other")


def read_strategy(given: Mapping[str, Any]) -> StrategyBlock:
    """The settings of one strategy, read by its plug-in.

    Raises :class:`ValueError` for an unknown kind, and pydantic's ``ValidationError`` for wrong keys.
    """
    block: StrategyBlock = read_block("strategy", "kind", given)
    return block


Strategy = Annotated[StrategyBlock, PluginBlock("strategy", "kind")]


class AdaptationBlock(Block):
    """Strategies, the models on which they are compared, and the settings that all updates share."""

    models: list[str] = Field(
        default_factory=list, description="Models or lineages on which all strategies are compared."
    )
    strategies: dict[StrategyName, Strategy] = Field(
        default_factory=lambda: {
            name: read_strategy({"kind": name}) for name in ("frozen", "naive", "replay")
        },
        min_length=1,
        description="Named strategies; `kind` says which one. A strategy may have its own steps or epochs, "
        "batch, learning rate and weight decay.",
    )
    steps: int | None = Field(
        default=None,
        ge=1,
        description=f"Gradient steps per month; empty, and no epochs, means {DEFAULT_STEPS}.",
    )
    epochs: int | None = Field(
        default=None, ge=1, description="Passes over the month's (node, window) pairs, in place of `steps`."
    )
    batch: int = Field(
        default=256,
        ge=2,
        description="(node, window) pairs per step; networks that take all nodes get the number of "
        "windows that holds this many pairs.",
    )
    learning_rate: float = Field(default=1e-3, gt=0, lt=1, description="Learning rate of the updates.")
    weight_decay: float | None = Field(
        default=None,
        ge=0,
        lt=1,
        description="AdamW weight decay of the updates; empty means that of the model's recipe.",
    )

    @model_validator(mode="after")
    def _steps_or_epochs(self) -> "AdaptationBlock":
        refuse_both(self.steps, self.epochs)
        return self

    @model_validator(mode="after")
    def _models_differ(self) -> "AdaptationBlock":
        for index, name in enumerate(self.models):
            if name in self.models[:index]:
                raise ValueError(f"models has {name!r} twice; expected each model or lineage once")
        return self

    @model_validator(mode="after")
    def _strategies_name_compared_models(self) -> "AdaptationBlock":
        for name, strategy in self.strategies.items():
            for model in strategy.models or []:
                if model not in self.models:
                    raise ValueError(
                        f"strategies.{name}.models names {model!r}; expected some of adaptation.models, {self.models}"
                    )
        return self

    @model_validator(mode="after")
    def _strategies_read_their_keys(self) -> "AdaptationBlock":
        for name, strategy in self.strategies.items():
            ignored = [key for key in PACE_KEYS if getattr(strategy, key) is not None]
            if ignored and not strategy.learns_by_steps:
                raise ValueError(
                    f"strategies.{name} has {', '.join(ignored)}, which the kind {strategy.kind} does not read: it "
                    "takes no gradient steps; expected none of these keys: remove them"
                )
        return self

    def settings_of(self, name: str) -> StrategyBlock:
        """The settings of a strategy; keys that it does not set take the block's values.

        Jobs do not read on which models it is compared.
        """
        own = self.strategies[name]
        if not own.takes_shared_pace:
            return own.model_copy(update={"models": None})
        shared = {key: getattr(self, key) for key in SHARED if getattr(own, key) is None}
        if own.steps is None and own.epochs is None:
            default = DEFAULT_STEPS if self.epochs is None else None
            shared |= {"steps": self.steps or default, "epochs": self.epochs}
        return own.model_copy(update={**shared, "models": None})
