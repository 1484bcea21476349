"""What a calibration measured, as rows that a profile keeps and fits read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from wattshed.law.operations.operation import Direction, Kind, Operation


@dataclass(frozen=True)
class KernelPoint:
    """One kernel of one size: what one call computes, in one direction, and its seconds.

    operations: more than one where the parts of a call cannot be timed apart.
    """

    kernel: str
    group: str
    direction: Direction
    operations: tuple[Operation, ...]
    time_s: float
    calls: int

    def to_json(self) -> dict[str, Any]:
        return {
            "kernel": self.kernel,
            "group": self.group,
            "direction": self.direction.value,
            "operations": [operation_json(one) for one in self.operations],
            "time_s": self.time_s,
            "calls": self.calls,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> KernelPoint:
        """Raises KeyError, TypeError or ValueError for a row that :meth:`to_json` did not make."""
        return cls(
            row["kernel"],
            row["group"],
            Direction(row["direction"]),
            tuple(operation_from(one) for one in row["operations"]),
            row["time_s"],
            row["calls"],
        )


@dataclass(frozen=True)
class StepPoint:
    """One training step: its family, where it comes from, sizes, seconds and own joules (None if unknown) of a step."""

    family: str
    source: str
    size: Mapping[str, Any]
    operations: tuple[Operation, ...]
    time_s: float
    energy_j: float | None
    calls: int

    def to_json(self) -> dict[str, Any]:
        return {
            "family": self.family,
            "source": self.source,
            "size": dict(self.size),
            "operations": [operation_json(one) for one in self.operations],
            "time_s": self.time_s,
            "energy_j": self.energy_j,
            "calls": self.calls,
        }

    @classmethod
    def from_json(cls, row: Mapping[str, Any]) -> StepPoint:
        """As :meth:`KernelPoint.from_json`."""
        return cls(
            row["family"],
            row["source"],
            dict(row["size"]),
            tuple(operation_from(one) for one in row["operations"]),
            row["time_s"],
            row["energy_j"],
            row["calls"],
        )


def operation_json(operation: Operation) -> dict[str, Any]:
    """What differs from an operation's defaults."""
    return {
        one.name: value
        for one in fields(operation)
        if (value := getattr(operation, one.name)) != one.default or one.name in ("kind", "direction")
    }


def operation_from(row: Mapping[str, Any]) -> Operation:
    return Operation(**{**row, "kind": Kind(row["kind"]), "direction": Direction(row["direction"])})


def families(steps: Iterable[StepPoint]) -> list[str]:
    """Families of the steps, in order and once each."""
    return list(dict.fromkeys(step.family for step in steps))
