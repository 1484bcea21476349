"""The ``clocks`` block: where, how often and how long the clock sweep measures, and the slowdown that it may
accept."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from wattshed.config.block import Block
from wattshed.config.clocks.choice import ChoiceBlock
from wattshed.config.clocks.governor import GovernorBlock
from wattshed.config.clocks.nvml import NvmlBlock
from wattshed.config.clocks.recording import RecordingBlock
from wattshed.config.clocks.replay import ReplayBlock
from wattshed.config.clocks.search import SearchBlock
from wattshed.config.clocks.simulated import SimulatedBlock
from wattshed.config.plugin_block import PluginName


class ClocksBlock(Block):
    backend: Annotated[str, PluginName("clock_backend")] = Field(
        default="simulated",
        description="`simulated`: a simulated GPU; `replay`: a recorded sweep; `nvml`: the real GPU; or a plug-in of "
        "the study.",
    )
    settings: dict[str, Any] = Field(
        default={},
        description="Settings of a back end that the study brings itself; the built-in ones have blocks "
        "of their own names.",
    )
    works: list[Literal["inference", "training"]] = Field(
        default=["inference"],
        min_length=1,
        description="What of a checkpoint is swept, each in a sweep of its own: `inference`, `training`, or both.",
    )
    knob: Literal["auto", "clock", "power_limit"] = Field(
        default="auto",
        description="What is turned on a real GPU: the `clock`; the `power_limit`; or `auto`, the clock, and the power "
        "limit where clocks are refused and limits are allowed.",
    )
    points: int = Field(
        default=12, ge=2, le=200, description="Number of clocks, from the lowest to the highest."
    )
    repeats: int = Field(
        default=5, ge=1, le=100, description="Warm repeats per clock; a choice needs at least 3."
    )
    warm_up_repeats: int = Field(
        default=1,
        ge=0,
        le=20,
        description="Cold repeats at the maximum clock; they are recorded but not used.",
    )
    min_point_s: float = Field(default=5.0, gt=0, le=600, description="Shortest window of one repeat [s].")
    max_slowdown_share: float = Field(
        default=0.05,
        ge=0,
        lt=1,
        description="Largest accepted slowdown relative to the maximum clock, as a share.",
    )
    seed: int = Field(
        default=0, ge=0, description="Seed of the order, the simulated noise and the bootstrap."
    )
    simulated: SimulatedBlock = Field(default_factory=SimulatedBlock, description="The simulated GPU.")
    replay: ReplayBlock | None = Field(default=None, description="The recorded sweep; needed by replay.")
    nvml: NvmlBlock = Field(default_factory=NvmlBlock, description="The real GPU.")
    recordings: dict[Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")], RecordingBlock] = Field(
        default={}, description="Recorded sweeps, each with a name, that are judged beside the study's own."
    )

    search: SearchBlock = Field(
        default_factory=SearchBlock, description="How the sweep looks for the best setting."
    )
    choice: ChoiceBlock = Field(default_factory=ChoiceBlock, description="Rule and limits of the choice.")
    governor: GovernorBlock = Field(
        default_factory=GovernorBlock, description="A clock that follows the phases of a workload."
    )

    @property
    def may_have_temperatures(self) -> bool:
        """Whether a sweep may hold temperatures. A simulated GPU without heat reports none."""
        heat = self.simulated.heat.resistance_k_per_w > 0
        return self.backend != "simulated" or heat or bool(self.recordings)

    @model_validator(mode="after")
    def _replay_has_a_file(self) -> "ClocksBlock":
        if self.backend == "replay" and self.replay is None:
            raise ValueError("backend is replay, but the block replay (path, gpu, workload) is missing")
        return self

    @model_validator(mode="after")
    def _knobs_agree(self) -> "ClocksBlock":
        if self.backend == "simulated" and self.knob not in ("auto", self.simulated.knob):
            raise ValueError(
                f"knob is {self.knob}, but the simulated GPU turns its {self.simulated.knob}; expected one of them: "
                f"set simulated.knob to {self.knob}"
            )
        return self

    @model_validator(mode="after")
    def _works_differ(self) -> "ClocksBlock":
        if len(set(self.works)) < len(self.works):
            raise ValueError(f"works is {self.works}; expected each once")
        if self.backend == "replay" and len(self.works) > 1:
            raise ValueError(
                f"backend is replay and works is {self.works}; expected one of them, the one that was recorded"
            )
        return self

    @property
    def coarse_rounds(self) -> int:
        """Rounds of all points before a search refines; a full sweep has no others."""
        return min(self.search.coarse_repeats, self.repeats) if self.search.kind == "refine" else self.repeats

    @model_validator(mode="after")
    def _search_fits(self) -> "ClocksBlock":
        search, rounds = self.search, self.coarse_rounds
        least = self.warm_up_repeats + rounds * (self.points + 1) + 1
        if search.most_windows is not None and search.most_windows < least:
            raise ValueError(
                f"search.most_windows is {search.most_windows}, but warm-up and {rounds} rounds of {self.points} "
                f"points take {least}; expected at least as many: raise it or lower points"
            )
        return self
