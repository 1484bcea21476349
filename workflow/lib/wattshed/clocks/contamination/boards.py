"""Power of GPU boards that are known by name: idle, and the highest limit [W].

Limits: NVIDIA's data sheets, SXM where a name says neither SXM nor PCIe. Idle powers of V100 and A100 are those of the
recorded sweeps' machines; where none is given, only a stated one is used.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Board:
    """Idle power and highest power limit [W]."""

    idle_w: float
    limit_w: float


BOARDS = {
    "V100": Board(idle_w=23.0, limit_w=300.0),
    "A100": Board(idle_w=36.0, limit_w=400.0),
}


def board_named(gpu: str) -> Board | None:
    """The board whose name is part of this GPU's name, in any case."""
    return next((board for name, board in BOARDS.items() if name in gpu.upper()), None)
