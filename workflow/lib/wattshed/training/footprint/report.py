"""Predictions of all memory levels for the models of a study, before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from wattshed.config.models.recipes import CLOSED_FORM
from wattshed.training.footprint.automatic import LevelFound, levels_of
from wattshed.training.footprint.choose import limit_of
from wattshed.training.footprint.sizes import TaskSizes
from wattshed.training.spec import ModelSpec

if TYPE_CHECKING:
    from wattshed.config.study import Study
    from wattshed.law.predicting.plan import PanelSizes


@dataclass(frozen=True)
class LevelsReport:
    """One model's levels, from the least to the most, held against a limit [bytes], infinite where none is known."""

    model: str
    levels: dict[str, LevelFound]
    limit_bytes: float
    limit_source: str

    @property
    def fits(self) -> bool:
        return any(found.footprint.peak_bytes <= self.limit_bytes for found in self.levels.values())

    def to_json(self) -> dict[str, Any]:
        known = self.limit_bytes != float("inf")
        return {
            "model": self.model,
            "limit_bytes": self.limit_bytes if known else None,
            "limit_source": self.limit_source,
            "levels": [
                {
                    "level": level,
                    "fits": found.footprint.peak_bytes <= self.limit_bytes,
                    "mechanisms": list(found.plan.names),
                    "left_out": [{"mechanism": kind, "reason": why} for kind, why in found.plan.left_out],
                    **found.footprint.to_json(),
                }
                for level, found in self.levels.items()
            ],
        }


def predicted_levels(study: Study, model: str, panel: PanelSizes, limit_mb: float | None) -> LevelsReport:
    """All levels of one model of a study. limit_mb: None for the recipe's own limit, or the device's.

    Raises :class:`Fault` where the panel is too short, or a network's shapes depend on values.
    """
    recipe = study.recipe_of(model)
    block = study.trained[model]
    spec = ModelSpec(model, study.seeds[0], block, recipe, study.data.windows)
    sizes = TaskSizes.of_study(study, model, panel)
    on_gpu = study.device == "cuda" and torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    own = limit_mb if limit_mb is not None or recipe.memory is None else recipe.memory.limit_mb
    limit, source = limit_of(device, own)
    source = "--limit-mb" if limit_mb is not None else source
    return LevelsReport(model, levels_of(spec, sizes, device, study.engine), limit, source)


def without_steps(study: Study, wanted: Sequence[str] | None) -> list[str]:
    """Models that are solved in closed form and take no gradient steps."""
    return [
        name
        for name in study.trained
        if study.recipe_of(name) is CLOSED_FORM and (wanted is None or name in wanted)
    ]
