"""What the guard compares: energies of models on one machine."""

from dataclasses import dataclass, field
from typing import Any

from wattshed.accounts.marks.scopes import MACHINE


@dataclass(frozen=True)
class Energy:
    """One energy [kWh] of a run.

    number: its epoch, or the count of its forecast pass from 1. kwh: the job's own, or the machine's (see
    :attr:`ModelRecord.scope`); machine_kwh: the machine's, net_kwh: the machine's less idle, None if unknown. alone:
    whether others took at most a tenth of the busy time, None if unknown.
    """

    seed: int | None
    number: int
    kwh: float
    net_kwh: float | None = None
    machine_kwh: float | None = None
    alone: bool | None = None


@dataclass(frozen=True)
class ModelRecord:
    """One model: energies per epoch (without warm-up) and per forecast, with each component's status and source.

    scope: whose energy it is, ``own`` or ``machine``.
    """

    parameters: int | None
    status: dict[str, str]
    source: dict[str, str]
    epochs: list[Energy] = field(default_factory=list)
    forecasts: list[Energy] = field(default_factory=list)
    scope: str = MACHINE


@dataclass(frozen=True)
class GuardRecord:
    """Models by name, with their machine and commit: a stored baseline, or the ledgers of now.

    notes: what could not be recorded, one sentence each; a stored baseline has none.
    """

    machine: dict[str, Any]
    commit: str | None
    dirty: bool | None
    models: dict[str, ModelRecord]
    notes: list[str] = field(default_factory=list)
