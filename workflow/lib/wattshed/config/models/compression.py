"""The ``compression`` block: smaller variants of trained models, and the rise in error that is accepted."""

from typing import Annotated

from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from wattshed.config.block import Block
from wattshed.config.plugin_block import PluginBlock

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class VariantBlock(Block):
    """What the settings of all compression methods share. Each method's own settings are in its module."""

    method: str = Field(description="Name of the compression method.")
    models: list[str] | None = Field(
        default=None,
        description="Those of `compression.models` from which this variant is made; empty means all of them. A chain "
        "may use it on any model.",
    )
    fine_tune_steps: int = Field(
        default=0, ge=0, description="Gradient steps after compression; 0 means none."
    )


class TuningBlock(Block):
    """How a compressed network is fine-tuned."""

    learning_rate: float = Field(default=1e-3, gt=0, lt=1, description="Learning rate of fine-tuning.")
    batch: int = Field(default=256, ge=1, description="(node, window) pairs per fine-tuning step.")


class MeasuringBlock(Block):
    """How often checkpoints are measured when they are compared."""

    latency_repeats: int = Field(
        default=30,
        ge=5,
        description="Latency measurements per checkpoint, taken in turns of random order, each after untimed calls of "
        "the same network; their median is reported.",
    )
    energy_rounds: int = Field(
        default=3,
        ge=1,
        description="Energy windows per checkpoint, taken in turns of random order; their geometric mean is reported, "
        "with its 95 % interval.",
    )


Variant = Annotated[VariantBlock, PluginBlock("method", "method")]


class CompressionBlock(TuningBlock, MeasuringBlock):
    """Variants, the models from which they are made, and how they are judged."""

    variants: dict[Name, Variant] = Field(
        default={}, description="Named variants, in the order in which tables show them."
    )
    models: list[str] = Field(
        default_factory=list,
        description="Models or lineages (such as `stgnn+replay`) on which all variants are compared.",
    )
    also_measured: list[str] = Field(
        default_factory=list,
        description="Further base models, of which nothing is made, that are measured as the others are: only so can "
        "one of them be recommended.",
    )
    error_budget_share: float = Field(
        default=0.05,
        gt=0,
        lt=1,
        description="Largest accepted rise of RMSE and of MAE over the checkpoint that was compressed.",
    )
    r2_floor: float | None = Field(
        default=None,
        lt=1,
        allow_inf_nan=False,
        description="Least accepted R2 of a compressed checkpoint and of one that is recommended; empty means none.",
    )

    @model_validator(mode="after")
    def _models_differ(self) -> "CompressionBlock":
        for key, names in (("models", self.models), ("also_measured", self.also_measured)):
            for place, name in enumerate(names):
                if name in names[:place]:
                    raise ValueError(f"{key} has {name!r} twice; expected each model or lineage once")
        return self

    @model_validator(mode="after")
    def _variants_name_compared_models(self) -> "CompressionBlock":
        for name, variant in self.variants.items():
            for model in variant.models or []:
                if model not in self.models:
                    raise ValueError(
                        f"variants.{name}.models names {model!r}; expected some of compression.models, {self.models}"
                    )
        return self

    def settings_of(self, name: str) -> VariantBlock:
        """The settings of a variant; jobs do not read from which models it is made."""
        return self.variants[name].model_copy(update={"models": None})


def variant_of(text: str) -> VariantBlock:
    """The settings of one variant from JSON, in the settings class of its method."""
    variant: VariantBlock = TypeAdapter(Variant).validate_json(text)
    return variant
