"""What claims are measured from: frames of a study by name, its configuration, and the choices of clocks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from wattshed.data.sources.source import gives_labelled_windows
from wattshed.foundation import plugins

REFERENCE_FORM = "stgnn_reference"


@dataclass(frozen=True)
class Results:
    """frames: ``scores``, ``days``, ``windows``, ``compared``, ``compared_days``, ``adaptation``,
    ``compared_predictions``, ``memory_steps``, ``classes``, those that the study has; config: resolved; choices: of
    all cells of ``clocks/*.choice.json``."""

    frames: Mapping[str, pd.DataFrame]
    config: Mapping[str, Any]
    choices: Sequence[Mapping[str, Any]] = field(default_factory=tuple)

    def frame(self, name: str) -> pd.DataFrame:
        """The frame of that name; empty without columns if the study has none."""
        return self.frames.get(name, pd.DataFrame())

    @property
    def of_classes(self) -> bool:
        """Whether the study forecasts classes of windows, and no readings."""
        source = (self.config.get("data") or {}).get("source") or {}
        return "kind" in source and gives_labelled_windows(str(source["kind"]))

    @property
    def reference_models(self) -> list[str]:
        """Models that are the source study's network; of a ladder that begins with one of them, that one alone, as the
        others are changed."""
        found = [name for name, block in self.config["models"].items() if block["form"] == REFERENCE_FORM]
        first = (self.config.get("ladder") or {}).get("reference")
        return [name for name in found if name == first] or found

    @property
    def control(self) -> str | None:
        """The control of trainings: the ladder's tuned opponent, else its reference, else the source's network."""
        ladder = self.config.get("ladder") or {}
        return ladder.get("tuned") or ladder.get("reference") or next(iter(self.reference_models), None)

    def method_of(self, variant: str) -> str | None:
        """The compression method of a variant."""
        variants = (self.config.get("compression") or {}).get("variants") or {}
        block = variants.get(variant)
        return None if block is None else str(block["method"])

    def is_control(self, variant: str) -> bool:
        """Whether a variant only serves to judge its method, such as a random mask beside a lottery ticket."""
        block = ((self.config.get("compression") or {}).get("variants") or {}).get(variant)
        if block is None:
            return False
        method = plugins.load("method", str(block["method"]))
        return bool(method.is_control(method.Settings.model_validate_json(json.dumps(block))))
