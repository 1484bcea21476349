"""What a sweep runs again and again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Work = Literal["inference", "training", "command"]


@dataclass(frozen=True)
class Target:
    """name: of the workload in the frame of runs; identity: what two starts must share to run the same, for JSON;
    call: one unit of work, which returns when its device is done and raises :class:`Fault` if it fails.
    """

    name: str
    work: Work
    identity: Mapping[str, Any]
    call: Callable[[], object]
