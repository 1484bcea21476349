"""The whole study: every block of ``config.yaml``, checked together."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, model_validator

from wattshed.config.block import Block
from wattshed.config.clocks.block import ClocksBlock
from wattshed.config.data.data import DataBlock
from wattshed.config.data.graph import GraphBlock
from wattshed.config.energy.energy import EnergyBlock
from wattshed.config.energy.law import LawBlock
from wattshed.config.lineages import lineages_of, refuse_untrainable_sweeps
from wattshed.config.memory.plans import check_memory
from wattshed.config.memory.study import MemoryStudyBlock, check_memory_study
from wattshed.config.models.adaptation import AdaptationBlock
from wattshed.config.models.chains import SWEEP, ChainBlock
from wattshed.config.models.classes import check_classes
from wattshed.config.models.compression import CompressionBlock
from wattshed.config.models.controls import SHUFFLED, ControlsBlock, reads_graph, with_twins
from wattshed.config.models.families import ModelBlock, check_windows
from wattshed.config.models.ladder import LadderBlock
from wattshed.config.models.ladder_models import check_ladder
from wattshed.config.models.recipes import CLOSED_FORM, RecipeBlock
from wattshed.config.models.rolling import RollingBlock
from wattshed.config.names import NAME, Name, refuse_names
from wattshed.config.plugin_block import PluginBlock, PluginName
from wattshed.config.sentences import sentence
from wattshed.foundation import plugins
from wattshed.foundation.extending.checks import check_own
from wattshed.foundation.extending.own_files import use_own_plugins
from wattshed.foundation.faults import Fault
from wattshed.foundation.hours import DAY_H

# A seed times a million plus the epoch must fit torch's 64-bit seeds.
LARGEST_SEED = 2**32 - 1
BaselineName = Annotated[str, PluginName("baseline")]
Model = Annotated[ModelBlock, PluginBlock("family", "form")]


class Study(Block):
    """One study; its results are in ``results/{study}/``."""

    study: str = Field(pattern=NAME, description="Name of the study and of its results folder.")
    plugins: list[str] = Field(
        default=[],
        description="The study's own plug-ins: Python files beside this configuration, such as [my_model.py]; each "
        "defines a FAMILY, STRATEGY, METHOD, ... named like the file (CONTRIBUTING.md).",
    )
    seeds: list[int] = Field(
        min_length=1,
        description="Every model is trained once per seed; three or more seeds give intervals.",
    )
    device: Literal["cpu", "cuda"] = Field(
        default="cpu", description="Where networks are trained and used; `cuda` needs a GPU."
    )
    engine: Literal["auto", "torch"] = Field(
        default="auto",
        description="The back end that computes networks: `auto` takes the machine's fastest one (a kernel that is "
        "compiled at first use) and falls back to `torch`, which needs no compiler.",
    )
    data: DataBlock = Field(description="Panel, windows and splits.")
    graph: GraphBlock = Field(default_factory=GraphBlock, description="The graph over the nodes.")
    baselines: list[BaselineName] = Field(
        min_length=1, description="Forecasters that are fitted without gradient descent, by name."
    )
    recipes: dict[str, RecipeBlock] = Field(min_length=1, description="Named training recipes.")
    models: dict[Name, Model] = Field(min_length=1, description="Named trained models.")
    controls: ControlsBlock = Field(
        default_factory=ControlsBlock, description="Models that are trained only to be compared with."
    )
    adaptation: AdaptationBlock = Field(
        default_factory=AdaptationBlock, description="How trained models learn from later months."
    )
    compression: CompressionBlock = Field(
        default_factory=CompressionBlock,
        description="What is made of trained models: smaller ones, and their controls.",
    )
    chains: list[ChainBlock] = Field(
        default=[],
        description="Steps after the training of models; at every step the base model is the control.",
    )
    clocks: ClocksBlock = Field(
        default_factory=ClocksBlock, description=f"The clock sweep of chains that end with `{SWEEP}`."
    )
    energy: EnergyBlock = Field(description="Place and windows of the meter.")
    ladder: LadderBlock | None = Field(
        default=None,
        description="Steps from the source study's recipe to a frugal one; empty means no ladder.",
    )
    rolling: RollingBlock | None = Field(
        default=None,
        description="Models judged on several test parts, one after the other; empty means on the one of `data` "
        "alone.",
    )
    law: LawBlock | None = Field(
        default=None,
        description="Predictions of what the trainings cost, compared with what they took; empty means none.",
    )
    memory: MemoryStudyBlock | None = Field(
        default=None,
        description="What each memory level saves and costs, measured over models, lengths and batches; empty means "
        "none.",
    )

    @model_validator(mode="after")
    def _seeds_differ(self) -> "Study":
        for place, seeds in (("seeds", self.seeds), ("rolling.seeds", self.rolling and self.rolling.seeds)):
            given = seeds or []
            if len(set(given)) != len(given) or not all(0 <= seed <= LARGEST_SEED for seed in given):
                raise ValueError(
                    f"{place} are {given}; expected different whole numbers from 0 to {LARGEST_SEED}"
                )
        return self

    @model_validator(mode="after")
    def _baselines_differ(self) -> "Study":
        for place, name in enumerate(self.baselines):
            if name in self.baselines[:place]:
                raise ValueError(f"baselines.{place} names {name!r} twice; expected each baseline once")
        return self

    @model_validator(mode="after")
    def _baselines_and_source_fit(self) -> "Study":
        kind = self.data.source.kind
        labelled = getattr(plugins.load("source", kind), "labelled", False)
        for place, name in enumerate(self.baselines):
            if getattr(plugins.load("baseline", name), "of_classes", False) != labelled:
                given, wanted = (
                    ("labelled windows", "readings") if labelled else ("readings", "labelled windows")
                )
                raise ValueError(
                    f"baselines.{place} is {name!r}, which is for {wanted}, and the source {kind} gives {given}; "
                    f"expected one of {_baselines_of(labelled)}"
                )
        if labelled and self.rolling is not None:
            raise ValueError(
                f"rolling is given and the source {kind} gives labelled windows, which it cuts once; expected no "
                "rolling origins: remove the block"
            )
        return self

    @model_validator(mode="after")
    def _models_and_source_fit(self) -> "Study":
        check_classes(self)
        return self

    @model_validator(mode="after")
    def _graph_models_have_controls(self) -> "Study":
        graph_models = [
            name for name, model in self.models.items() if model.graph != SHUFFLED and reads_graph(model)
        ]
        models = with_twins(self.models, graph_models, self.controls)
        # A block is frozen, its dictionary is not: from here on, a twin is a model like all others.
        self.models.clear()
        self.models.update(models)
        return self

    @model_validator(mode="after")
    def _names_are_free(self) -> "Study":
        named = {
            "study": [self.study],
            "models": list(self.models),
            "adaptation.strategies": list(self.adaptation.strategies),
            "compression.variants": list(self.compression.variants),
            "chains": [chain.name for chain in self.chains],
        }
        refuse_names(named, self.baselines)
        return self

    @model_validator(mode="after")
    def _recipes_fit_their_models(self) -> "Study":
        for name, model in self.trained.items():
            samplings = plugins.load("family", model.form).samplings
            if not samplings and model.recipe is None:
                continue
            if not samplings:
                raise ValueError(
                    f"models.{name}.recipe is {model.recipe!r}, but the form {model.form} is solved in closed form; "
                    "expected no recipe: remove the key"
                )
            if model.recipe not in self.recipes:
                raise ValueError(
                    f"models.{name}.recipe is {model.recipe!r}; expected one of {sorted(self.recipes)}"
                )
            if self.recipes[model.recipe].sampling not in samplings:
                raise ValueError(
                    f"models.{name} has the form {model.form}, which is trained on {' or '.join(samplings)}, but its "
                    f"recipe {model.recipe!r} samples {self.recipes[model.recipe].sampling}"
                )
        return self

    @model_validator(mode="after")
    def _models_fit_the_windows(self) -> "Study":
        for name, model in self.trained.items():
            try:
                check_windows(model, self.data.windows)
            except ValueError as error:
                raise ValueError(f"models.{name}.{error}") from None
        return self

    def recipe_of(self, model: str) -> RecipeBlock:
        """The recipe of a model; that of a closed form holds only its scaling."""
        name = self.trained[model].recipe
        return CLOSED_FORM if name is None else self.recipes[name]

    @model_validator(mode="after")
    def _memory_plans_fit_their_models(self) -> "Study":
        check_memory(self)
        return self

    @model_validator(mode="after")
    def _chains_can_be_made(self) -> "Study":
        lineages_of(self)
        refuse_untrainable_sweeps(self, self.clocks.works)
        return self

    @model_validator(mode="after")
    def _measures_its_own_models(self) -> "Study":
        for place, name in enumerate(self.compression.also_measured):
            if name not in self.models:
                why = " is a baseline and makes no checkpoint" if name in self.baselines else ""
                raise ValueError(
                    f"compression.also_measured.{place} is {name!r}{f', which{why}' if why else ''}; expected one of "
                    f"the models {sorted(self.models)}"
                )
            if self.models[name].graph == "shuffled":
                raise ValueError(
                    f"compression.also_measured.{place} is {name!r}, a control with a shuffled graph, which is never "
                    "recommended; expected a model that may be used: remove it"
                )
        return self

    @model_validator(mode="after")
    def _ladder_stands_on_models(self) -> "Study":
        if self.ladder is not None:
            check_ladder(self.ladder, self)
        return self

    @property
    def trained(self) -> dict[str, ModelBlock]:
        """The models, and those that the ladder has from a record."""
        recorded = self.ladder.recorded if self.ladder else {}
        return {**self.models, **{name: record.model for name, record in recorded.items()}}

    @property
    def learned(self) -> dict[str, ModelBlock]:
        """Those of :attr:`trained` that learn by epochs; a closed form has no recipe."""
        return {name: model for name, model in self.trained.items() if model.recipe is not None}

    @model_validator(mode="after")
    def _rolling_stands_on_models(self) -> "Study":
        for place, name in enumerate(self.rolling.models if self.rolling else []):
            if name not in self.models and name not in self.baselines:
                known = sorted([*self.models, *self.baselines])
                raise ValueError(f"rolling.models.{place} is {name!r}; expected one of {known}")
        for key in ("validation_days", "test_days") if self.rolling else ():
            days, horizon_h = getattr(self.rolling, key), self.data.windows.horizon_h
            if DAY_H * days < horizon_h:
                raise ValueError(
                    f"rolling.{key} is {days}, less than the horizon of {horizon_h:g} h; expected at least one window"
                )
        return self

    @model_validator(mode="after")
    def _memory_is_measured_of_its_models(self) -> "Study":
        if self.memory is not None:
            recipes = {name: self.recipe_of(name) for name in self.models}
            check_memory_study(self.memory, self.models, recipes, self.data.windows)
        return self


def _baselines_of(labelled: bool) -> list[str]:
    """Names of the baselines that fit labelled windows, or readings."""
    return [
        name
        for name in plugins.names("baseline")
        if getattr(plugins.load("baseline", name), "of_classes", False) == labelled
    ]


def load_study(
    config: Mapping[str, Any], origin: str = "the configuration", beside: Path | str = "."
) -> Study:
    """Check a parsed configuration. Raises :class:`Fault` with one sentence for the first problem.

    origin: the file as the user named it, for sentences. beside: folder of the configuration, in which the study's own
    plug-ins are looked for.
    """
    own = config.get("plugins") or []
    if not isinstance(own, list) or not all(isinstance(name, str) for name in own):
        raise Fault(f"{origin}: plugins is {own!r}; expected a list of Python files such as [my_model.py].")
    use_own_plugins(Path(beside) / name for name in own)
    # No block names a sensor: the key plugins alone puts it to use.
    for name in plugins.names("sensor"):
        check_own("sensor", name)
    # Snakemake hands over ordered mappings and YAML's dates; as JSON they are what the blocks expect.
    try:
        text = json.dumps(config, default=str)
    except (ValueError, RecursionError) as error:
        raise Fault(
            f"{origin}: a block contains itself by an anchor: expected blocks that end; remove the alias."
        ) from error
    except TypeError as error:
        raise Fault(f"{origin}: a key is not text ({error}): write it in quotes or rename it.") from error
    try:
        return Study.model_validate_json(text)
    except ValidationError as error:
        raise Fault(sentence(error, origin, Study, config)) from error
