"""The ``law`` block: predictions of what the study's trainings cost, and the sweep that shows how they grow."""

from typing import Literal, Self

from pydantic import Field, model_validator

from wattshed.config.block import Block

Factor = Literal["layers", "width", "heads", "length"]
FACTORS: tuple[Factor, ...] = ("layers", "width", "heads", "length")
TokenFamily = Literal["lstm", "gru", "transformer"]
# More tokens or weights than this take minutes per point and gigabytes of memory on one core.
LARGEST = 4096


class BaseSizes(Block):
    """The token-level model from which the sweep changes one size at a time."""

    batch: int = Field(default=8, ge=1, le=LARGEST, description="Sequences of a batch.")
    length: int = Field(default=64, ge=1, le=LARGEST, description="Tokens of a sequence.")
    width: int = Field(
        default=128, ge=1, le=LARGEST, description="Width of the embedding and of every layer."
    )
    layers: int = Field(default=2, ge=1, le=64, description="Layers of the network.")
    heads: int = Field(default=4, ge=1, le=256, description="Heads of a transformer's attention.")
    feed_forward: int = Field(
        default=4,
        ge=1,
        le=16,
        description="Width of a transformer's feed-forward part, as a multiple of `width`.",
    )
    vocabulary: int = Field(default=512, ge=2, le=65_536, description="Tokens that the head tells apart.")


class LawSweepBlock(Block):
    """Training steps of token-level models, one size at a time around a base. Each is repeated until it lasts for
    ``energy.metering.minimum_window_s``."""

    families: list[TokenFamily] = Field(
        default=["lstm", "gru", "transformer"],
        min_length=1,
        description="Which token-level models are measured.",
    )
    base: BaseSizes = Field(default=BaseSizes(), description="The sizes from which one at a time is changed.")
    layers: list[int] = Field(default=[1, 2, 4, 6], min_length=1, description="Numbers of layers.")
    width: list[int] = Field(default=[32, 64, 128, 256], min_length=1, description="Widths.")
    heads: list[int] = Field(
        default=[1, 2, 4, 8], min_length=1, description="Numbers of heads; a transformer alone has any."
    )
    length: list[int] = Field(
        default=[16, 32, 64, 128], min_length=1, description="Lengths of a sequence in tokens."
    )

    @model_validator(mode="after")
    def _sizes_can_be_built(self) -> Self:
        for factor in FACTORS:
            given: list[int] = getattr(self, factor)
            largest = BaseSizes.model_fields[factor].metadata[1].le
            wrong = [value for value in given if not 1 <= value <= largest]
            if wrong:
                raise ValueError(f"{factor} has {wrong[0]}; expected sizes from 1 to {largest}")
            twice = [value for place, value in enumerate(given) if value in given[:place]]
            if twice:
                raise ValueError(f"{factor} names {twice[0]} twice; expected each size once")
        if len(set(self.families)) < len(self.families):
            raise ValueError(f"families are {self.families}; expected each family once")
        return self

    @model_validator(mode="after")
    def _heads_divide_widths(self) -> Self:
        if "transformer" not in self.families:
            return self
        pairs = [(self.base.heads, width) for width in [self.base.width, *self.width]]
        for heads, width in [*pairs, *((heads, self.base.width) for heads in self.heads)]:
            if width % heads:
                raise ValueError(
                    f"{heads} heads do not divide the width {width} of a transformer; expected a width that is a "
                    "multiple of the heads"
                )
        return self


class LawBlock(Block):
    """What the study's trainings are predicted to cost before they run, and how far off that was."""

    seconds: float = Field(
        default=60.0,
        ge=5,
        le=3600,
        description="How long this machine is calibrated for the device profile; ignored where `profile` names one.",
    )
    profile: str | None = Field(
        default=None,
        min_length=1,
        description="A device profile that `wattshed calibrate` made on this machine (JSON); empty means that the "
        "study calibrates the machine itself.",
    )
    sweep: LawSweepBlock | None = Field(
        default=None,
        description="Sweep of token-level training steps over layers, width, heads and length; empty means none.",
    )
