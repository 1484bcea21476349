"""Which of a distributed program's processes meters its node: one of them, since a meter reads the whole machine."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from wattshed.door.election import elected


class Launcher(NamedTuple):
    """The variables in which a launcher tells each process its place; empty for what it does not tell."""

    local_rank: str
    rank: str
    world_size: str
    node_rank: str
    ranks_on_node: str


# In order of preference: torchrun may run within a task of SLURM, and mpirun too.
LAUNCHERS = (
    Launcher("LOCAL_RANK", "RANK", "WORLD_SIZE", "GROUP_RANK", "LOCAL_WORLD_SIZE"),
    Launcher(
        "OMPI_COMM_WORLD_LOCAL_RANK",
        "OMPI_COMM_WORLD_RANK",
        "OMPI_COMM_WORLD_SIZE",
        "",
        "OMPI_COMM_WORLD_LOCAL_SIZE",
    ),
    Launcher("MPI_LOCALRANKID", "PMI_RANK", "PMI_SIZE", "", "MPI_LOCALNRANKS"),
    Launcher("PMI_LOCAL_RANK", "PMI_RANK", "PMI_SIZE", "", "PMI_LOCAL_SIZE"),
    Launcher(
        "MV2_COMM_WORLD_LOCAL_RANK",
        "MV2_COMM_WORLD_RANK",
        "MV2_COMM_WORLD_SIZE",
        "",
        "MV2_COMM_WORLD_LOCAL_SIZE",
    ),
    Launcher("PALS_LOCAL_RANKID", "PALS_RANKID", "", "PALS_NODEID", "PALS_LOCAL_SIZE"),
    Launcher("FLUX_TASK_LOCAL_ID", "FLUX_TASK_RANK", "FLUX_JOB_SIZE", "", ""),
    Launcher("JSM_NAMESPACE_LOCAL_RANK", "JSM_NAMESPACE_RANK", "JSM_NAMESPACE_SIZE", "", ""),
    Launcher(
        "SLURM_LOCALID", "SLURM_PROCID", "SLURM_STEP_NUM_TASKS", "SLURM_NODEID", "SLURM_STEP_TASKS_PER_NODE"
    ),
)
SLURM = LAUNCHERS[-1]
PER_NODE = re.compile(r"(\d+)(?:\(x\d+\))?")
# A plain script that SLURM started has these too, with local rank 0, whatever it starts itself.
NODE_RANKS = ("GROUP_RANK", "NODE_RANK", "SLURM_NODEID")


@dataclass(frozen=True)
class Decision:
    """Whether this process meters its node.

    metered_by: who does so instead; None if this process does. only_itself: whether the other ranks of the node meter
    themselves, because they could not agree on one. because: the variable or lock that decides it. The
    numbers are None where no launcher tells them; ``world_size`` counts the ranks of all nodes.
    """

    meters: bool
    metered_by: str | None
    because: str
    rank: int | None = None
    local_rank: int | None = None
    node_rank: int | None = None
    world_size: int | None = None
    ranks_on_node: int | None = None
    only_itself: bool = False

    @property
    def of_several(self) -> bool:
        """Whether this process meters several ranks of this node."""
        return not self.only_itself and (self.ranks_on_node or self.world_size or 1) > 1

    def labels(self) -> dict[str, int]:
        """What the ledger of a distributed job says about its place; empty for a single process."""
        if self.world_size == 1 or (
            self.world_size is None and self.local_rank is None and self.rank is None
        ):
            return {}
        places = {
            "rank": self.rank,
            "node_rank": self.node_rank,
            "world_size": self.world_size,
            "ranks_on_node": self.ranks_on_node,
        }
        return {name: number for name, number in places.items() if number is not None}


def metering_rank(environ: Mapping[str, str] = os.environ) -> Decision:
    """Whether this process meters its node, by the variables of its launcher.

    The process with local rank 0 meters. If several ranks run and no variable tells the local rank, the first one that
    asks meters, and holds a lock file until it ends. A process that no launcher started meters. Variables that are
    empty or not whole numbers count as absent, and negative ranks as "not distributed".
    """
    world_size = _first(environ, *(launcher.world_size for launcher in LAUNCHERS[:-1]))
    for launcher in LAUNCHERS:
        local_rank = _whole(environ, launcher.local_rank)
        if local_rank is None or local_rank < 0:
            continue
        if launcher is SLURM and (world_size or 1) > 1 and (_whole(environ, SLURM.world_size) or 1) == 1:
            # One task of SLURM whose script starts the ranks by other means.
            continue
        return _by_local_rank(environ, launcher, local_rank)
    rank = _first(environ, *(launcher.rank for launcher in LAUNCHERS[:-1]))
    if (world_size or 0) > 1 or (world_size is None and rank is not None and rank >= 0):
        return _by_election(environ, rank, world_size)
    return Decision(True, None, "no launcher's variables", rank=rank, world_size=world_size)


def _by_local_rank(environ: Mapping[str, str], launcher: Launcher, local_rank: int) -> Decision:
    because = f"{launcher.local_rank} is {local_rank}"
    return Decision(
        meters=local_rank == 0,
        metered_by=None if local_rank == 0 else f"rank 0 of this node ({because} here)",
        because=because,
        rank=_first(environ, launcher.rank, "RANK"),
        local_rank=local_rank,
        node_rank=_first(environ, launcher.node_rank, *NODE_RANKS),
        world_size=_first(environ, launcher.world_size, "WORLD_SIZE"),
        ranks_on_node=_ranks_on_node(environ, launcher),
    )


def _by_election(environ: Mapping[str, str], rank: int | None, world_size: int | None) -> Decision:
    vote = elected(environ, rank)
    return Decision(
        meters=vote.won,
        metered_by=None if vote.won else vote.winner,
        because=vote.because,
        rank=rank,
        node_rank=_first(environ, *NODE_RANKS),
        world_size=world_size,
        only_itself=not vote.locked,
    )


def hidden_gpus(environ: Mapping[str, str], decision: Decision) -> str | None:
    """Why the node's GPUs are metered only in part: this rank meters, and the others have GPUs that it cannot see.

    None where nothing is known to be hidden. The meter reads what CUDA_VISIBLE_DEVICES shows.
    """
    visible = environ.get("CUDA_VISIBLE_DEVICES", "").strip()
    ranks = decision.ranks_on_node or 1
    if not decision.meters or not visible or visible == "-1" or len(visible.split(",")) >= ranks:
        return None
    return (
        f"CUDA_VISIBLE_DEVICES is {visible} for the rank that meters {ranks} ranks: GPUs of the others are not "
        "metered; let each rank see all GPUs of the node, or run wattshed measure -- around the launcher"
    )


def _ranks_on_node(environ: Mapping[str, str], launcher: Launcher) -> int | None:
    """SLURM writes 4(x2) for four tasks on each of two nodes; a list of different numbers is left out."""
    found = PER_NODE.fullmatch(environ.get(launcher.ranks_on_node, ""))
    return int(found[1]) if found else None


def _first(environ: Mapping[str, str], *names: str) -> int | None:
    """The first of these variables that holds a whole number."""
    found = (_whole(environ, name) for name in names)
    return next((number for number in found if number is not None), None)


def _whole(environ: Mapping[str, str], name: str) -> int | None:
    try:
        return int(environ.get(name, ""))
    except ValueError:
        return None
