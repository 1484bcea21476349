"""What cleaning did to a panel; it stays with the panel."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Cleaning:
    """Which nodes were left out, and how many cells were masked, by rule.

    excluded: names by the rule that left them out, such as ``data.exclude (test_*)``; a node is in the first of its
    rules. masked: cells by rule, such as ``data.mask.0 (equals: -9999)``; a cell counts in each of its rules. cells: of
    the nodes that are left. masked_cells: each once.
    """

    excluded: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    masked: Mapping[str, int] = field(default_factory=dict)
    masked_cells: int = 0
    cells: int = 0

    @property
    def excluded_nodes(self) -> list[str]:
        return [name for names in self.excluded.values() for name in names]

    def about(self) -> dict[str, Any]:
        """As a panel's file keeps it."""
        return {
            "excluded": {rule: list(names) for rule, names in self.excluded.items()},
            "masked": dict(self.masked),
            "masked_cells": self.masked_cells,
            "cells": self.cells,
        }

    @classmethod
    def of_about(cls, about: Mapping[str, Any] | None) -> "Cleaning | None":
        if about is None:
            return None
        excluded = {rule: tuple(names) for rule, names in about["excluded"].items()}
        return cls(excluded, dict(about["masked"]), int(about["masked_cells"]), int(about["cells"]))
