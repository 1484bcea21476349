"""The whole study: every block of ``config.yaml``, checked together."""

import difflib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, StringConstraints, ValidationError, model_validator

from wattshed.config.block import Block
from wattshed.config.data.data import DataBlock
from wattshed.config.data.graph import GraphBlock
from wattshed.config.energy.energy import EnergyBlock
from wattshed.config.models.adaptation import AdaptationBlock
from wattshed.config.models.clocks import ClocksBlock
from wattshed.config.models.compression import CompressionBlock
from wattshed.config.models.families import ModelBlock
from wattshed.config.models.ladder import LadderBlock
from wattshed.config.models.recipes import RecipeBlock
from wattshed.config.plugin_block import PluginBlock, PluginName
from wattshed.foundation.faults import Fault
from wattshed.foundation.plugins import load

NAME = r"^[a-z][a-z0-9_]*$"
# Seeds are multiplied by a million to make room for epochs; torch takes 64 bits.
LARGEST_SEED = 2**32 - 1
Name = Annotated[str, StringConstraints(pattern=NAME)]
BaselineName = Annotated[str, PluginName("baseline")]
Model = Annotated[ModelBlock, PluginBlock("family", "form")]


class Study(Block):
    """One study; its results lie in ``results/{study}/``."""

    study: str = Field(pattern=NAME, description="Name of the study and of its results folder.")
    seeds: list[int] = Field(
        min_length=1,
        description="Every trained model is trained once per seed; three or more give intervals.",
    )
    device: Literal["cpu", "cuda"] = Field(
        default="cpu", description="Where networks are trained and used; `cuda` needs a GPU."
    )
    engine: Literal["auto", "torch"] = Field(
        default="auto",
        description="What computes networks: `auto` takes the fastest back end of the machine (a kernel that is "
        "compiled at first use) and falls back to `torch`, which needs no compiler.",
    )
    data: DataBlock = Field(description="Panel, windows and splits.")
    graph: GraphBlock = Field(default_factory=GraphBlock, description="The graph over the nodes.")
    baselines: list[BaselineName] = Field(min_length=1, description="Models that need no gradient.")
    recipes: dict[str, RecipeBlock] = Field(min_length=1, description="Named training recipes.")
    models: dict[Name, Model] = Field(min_length=1, description="Named trained models.")
    studied_model: str = Field(
        description="The model that is fine-tuned, compressed and swept over clocks; its form is `stgnn` or `gru`."
    )
    adaptation: AdaptationBlock = Field(default_factory=AdaptationBlock, description="Later months.")
    compression: CompressionBlock = Field(description="Smaller variants.")
    clocks: ClocksBlock = Field(default_factory=ClocksBlock, description="The clock sweep.")
    energy: EnergyBlock = Field(description="Place and windows of the meter.")
    ladder: LadderBlock | None = Field(
        default=None, description="Steps from the study's recipe to the product's; empty means no ladder."
    )

    @model_validator(mode="after")
    def _names_agree(self) -> "Study":
        if len(set(self.seeds)) != len(self.seeds) or not all(
            0 <= seed <= LARGEST_SEED for seed in self.seeds
        ):
            raise ValueError(
                f"seeds are {self.seeds}; expected different whole numbers from 0 to {LARGEST_SEED}"
            )
        for name, model in self.models.items():
            if model.recipe not in self.recipes:
                raise ValueError(
                    f"models.{name}.recipe is {model.recipe!r}; expected one of {sorted(self.recipes)}"
                )
            wants = load("family", model.form).samplings
            if self.recipes[model.recipe].sampling not in wants:
                raise ValueError(
                    f"models.{name} has the form {model.form}, which is trained on {' or '.join(wants)}, but recipe "
                    f"{model.recipe!r} samples {self.recipes[model.recipe].sampling}"
                )
        repeated = [name for index, name in enumerate(self.baselines) if name in self.baselines[:index]]
        if repeated:
            raise ValueError(f"baselines lists {repeated[0]!r} twice; expected every baseline once: remove one")
        both = set(self.models) & set(self.baselines)
        if both:
            raise ValueError(
                f"{sorted(both)[0]!r} is the name of a baseline and of a model; rename the model"
            )
        if self.studied_model not in self.models:
            raise ValueError(
                f"studied_model is {self.studied_model!r}; expected one of {sorted(self.models)}"
            )
        if self.models[self.studied_model].form not in ("stgnn", "gru"):
            raise ValueError(f"studied_model {self.studied_model!r} must have the form stgnn or gru")
        if self.recipes[self.models[self.studied_model].recipe].sampling != "pairs":
            raise ValueError(
                f"studied_model {self.studied_model!r} must be trained on pairs: months are learned from windows"
            )
        hidden = getattr(self.models[self.studied_model], "hidden", 0)
        for name, variant in self.compression.variants.items():
            if variant.method == "low_rank" and variant.rank >= hidden:
                raise ValueError(
                    f"compression.variants.{name}.rank is {variant.rank}; expected less than the "
                    f"{hidden} units of {self.studied_model}"
                )
        return self

    @model_validator(mode="after")
    def _ladder_stands_on_models(self) -> "Study":
        if self.ladder is None:
            return self
        for place, step in enumerate(self.ladder.steps):
            if step.name not in self.models and step.name not in self.baselines:
                known = sorted([*self.models, *self.baselines])
                raise ValueError(f"ladder.steps.{place}.name is {step.name!r}; expected one of {known}")
        for role, name in self.ladder.opponents.items():
            if name not in self.models:
                raise ValueError(
                    f"ladder.{role} is {name!r}, which has no epochs; expected one of the models {sorted(self.models)}"
                )
        return self


def load_study(config: Mapping[str, Any], origin: str = "the configuration") -> Study:
    """Check a parsed configuration; raises :class:`Fault` with one sentence for the first problem."""
    # Snakemake hands over ordered mappings and YAML's dates; as JSON they are what the blocks expect.
    try:
        return Study.model_validate_json(json.dumps(config, default=str))
    except ValidationError as error:
        raise Fault(_sentence(error, origin)) from error


def _sentence(error: ValidationError, origin: str) -> str:
    problems = error.errors(include_url=False)
    first = problems[0]
    place = ".".join(str(part) for part in first["loc"]) or "its blocks together"
    more = f" ({len(problems) - 1} more after it)" if len(problems) > 1 else ""
    if first["type"] == "extra_forbidden":
        key = str(first["loc"][-1])
        near = difflib.get_close_matches(key, sorted(_all_keys(Study)), n=1)
        hint = f"did you mean {near[0]!r}?" if near else "remove it or see config/schema.json."
        return f"{origin}: {place} is not a known key: {hint}{more}"
    if first["type"] == "missing":
        return f"{origin}: {place} is missing: add it (config/config.yaml shows every key).{more}"
    message = first["msg"].removeprefix("Value error, ")
    message = message[0].lower() + message[1:]
    given = first["input"]
    shown = f" (found {given!r})" if isinstance(given, str | int | float | bool) or given is None else ""
    return f"{origin}: {place}: {message}{shown}: correct it and run again.{more}"


def _all_keys(block: type[BaseModel]) -> set[str]:
    properties = json.loads(json.dumps(block.model_json_schema()))
    keys = set(properties.get("properties", {}))
    for definition in properties.get("$defs", {}).values():
        keys |= set(definition.get("properties", {}))
    return keys
