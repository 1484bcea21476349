"""The ``clocks.search`` block: how a sweep looks for the best setting without measuring all of them."""

from typing import Literal

from pydantic import Field, model_validator

from wattshed.config.block import Block

REFINED_WINDOWS = 110
ONLY_REFINED = ("coarse_repeats", "step_windows", "target_regret_share", "draws")


class SearchBlock(Block):
    kind: Literal["full", "refine"] = Field(
        default="refine",
        description="`refine`: coarse rounds over `points` settings, then windows where they tell most about the "
        "choice; `full`: `points` settings x `repeats`.",
    )
    coarse_repeats: int = Field(
        default=2, ge=1, le=100, description="Coarse rounds before the refinement; only with `refine`."
    )
    step_windows: int = Field(
        default=4,
        ge=2,
        le=100,
        description="Windows between two looks at the result, one of them at the maximum; only with `refine`.",
    )
    target_regret_share: float = Field(
        default=0.02,
        gt=0,
        lt=1,
        description="The search ends when, with 95 % certainty, its setting costs at most this share more than the "
        "best one; only with `refine`.",
    )
    most_windows: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description=f"Most windows, warm-up included; unset: {REFINED_WINDOWS} with `refine`, or what all legal "
        "settings x `repeats` would take if that is less; with `full` as many as are planned.",
    )
    most_s: float | None = Field(
        default=None, gt=0, le=1e7, description="Most seconds of windows, warm-up included; unset: no limit."
    )
    most_j: float | None = Field(
        default=None,
        gt=0,
        le=1e12,
        description="Most energy of windows [J], warm-up included; unset: no limit.",
    )
    draws: int = Field(
        default=1000,
        ge=100,
        le=20_000,
        description="Draws of the curves at each look, as many as the choice has; only with `refine`.",
    )

    @model_validator(mode="after")
    def _keys_belong_to_the_kind(self) -> "SearchBlock":
        for name in ONLY_REFINED if self.kind == "full" else ():
            if getattr(self, name) != type(self).model_fields[name].default:
                raise ValueError(
                    f"kind is full, but {name} is {getattr(self, name)}, which only refine uses; remove it or set kind "
                    "to refine"
                )
        return self
