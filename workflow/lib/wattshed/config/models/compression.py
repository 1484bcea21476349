"""The ``compression`` block: variants of the trained model and the budget they are held to."""

from typing import Annotated, Literal

from pydantic import Field

from wattshed.config.block import Block


class FineTuning(Block):
    fine_tune_steps: int = Field(
        default=0, ge=0, description="Gradient steps after compression; 0 means none."
    )


class PruneVariant(FineTuning):
    method: Literal["prune"] = Field(description="Structured pruning: GRU units are truly removed.")
    keep_share: float = Field(gt=0, lt=1, description="Share of the GRU's units that stays.")


class LowRankVariant(FineTuning):
    method: Literal["low_rank"] = Field(description="Truncated SVD of the GRU's two weight matrices.")
    rank: int = Field(ge=1, description="Rank of both factors.")


class Int8Variant(Block):
    method: Literal["int8"] = Field(description="Dynamic int8 quantisation of GRU and linear layers.")


Variant = Annotated[PruneVariant | LowRankVariant | Int8Variant, Field(discriminator="method")]


class CompressionBlock(Block):
    variants: dict[str, Variant] = Field(min_length=1, description="Named variants, tried in this order.")
    error_budget_share: float = Field(
        default=0.05, gt=0, lt=1, description="Most by which RMSE and MAE may rise over the full model."
    )
    learning_rate: float = Field(default=1e-3, gt=0, lt=1, description="Learning rate of fine-tuning.")
    batch: int = Field(default=256, ge=1, description="Pairs per fine-tuning step.")
    latency_repeats: int = Field(default=30, ge=5, description="Interleaved timings per variant.")
    energy_rounds: int = Field(
        default=3, ge=1, description="Energy windows per variant, taken in turns; the median counts."
    )
