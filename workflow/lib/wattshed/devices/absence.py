"""Why a device cannot be used or read, and how to fix that."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Absence:
    """reason: what was found, after the name of the provider. remedy: what to do; None if nothing can be done.

    numbers: of the devices that are there although none can be read; empty if there is none for this job.
    """

    reason: str
    remedy: str | None = None
    numbers: tuple[int, ...] = ()

    def __str__(self) -> str:
        return self.reason if self.remedy is None else f"{self.reason}: {self.remedy}"
