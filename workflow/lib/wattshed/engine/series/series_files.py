"""A scaled series and its neighbours' aggregate, made once and in blocks of hours, in memory or in files."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import scipy.sparse as sp

from wattshed.foundation.faults import Fault

HOURS_PER_BLOCK = 1024
FLOAT_BYTES = 4
# Share of the available memory; the panel and the training need the rest.
SERIES_SHARE = 0.5


def make_series(
    values: np.ndarray,
    adjacency: sp.csr_array,
    scale: Callable[[np.ndarray], np.ndarray],
    memory_limit_bytes: float | None = None,
    folder: Path | str | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """X and A X, float32 [N, T]; each row holds one node's hours.

    values: [T, N], may be memory-mapped; adjacency: [N, N]; scale: of a block [t, N]. Where both results would
    take more than ``memory_limit_bytes`` (None: half of what the machine has available), they are memory-mapped
    files in ``folder`` (None: the system's folder for temporary files), which are deleted with the arrays. Raises
    :class:`Fault` if that folder has no room.
    """
    hours, nodes = values.shape
    if memory_limit_bytes is None:
        memory_limit_bytes = SERIES_SHARE * psutil.virtual_memory().available
    in_files = 2 * hours * nodes * FLOAT_BYTES > memory_limit_bytes
    block_hours = HOURS_PER_BLOCK
    if in_files:
        # One block needs memory four times: as read, scaled, transposed and aggregated.
        block_hours = int(max(1, min(HOURS_PER_BLOCK, memory_limit_bytes // (4 * nodes * FLOAT_BYTES))))
    own, aggregate = (_Rows((nodes, hours), folder, in_files) for _ in range(2))
    for start in range(0, hours, block_hours):
        part = slice(start, start + block_hours)
        scaled = np.ascontiguousarray(scale(values[part]).T, dtype=np.float32)
        own.write(part, scaled)
        aggregate.write(part, adjacency @ scaled)
    return own.whole(), aggregate.whole()


class _Rows:
    """An array [N, T] that is filled in blocks of hours."""

    def __init__(self, shape: tuple[int, int], folder: Path | str | None, in_file: bool) -> None:
        self._shape = shape
        self._array = None if in_file else np.empty(shape, dtype=np.float32)
        if not in_file:
            return
        size = shape[0] * shape[1] * FLOAT_BYTES
        try:
            # A file without a name: the system deletes it when the process ends, even if it is killed.
            self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
            # Space is reserved now, because a disk that fills up under a mapping kills the process.
            os.posix_fallocate(self._file.fileno(), 0, size)
        except OSError as error:
            raise Fault(
                f"the series do not fit in memory, and {folder or tempfile.gettempdir()} cannot take a file of "
                f"{size / 2**30:.3g} GiB ({error.strerror}): free space there, or set TMPDIR to a larger disk."
            ) from error

    def write(self, part: slice, block: np.ndarray) -> None:
        # The file is mapped for this call only, so that written pages do not count as this process's memory.
        self.whole()[:, part] = block

    def whole(self) -> np.ndarray:
        if self._array is not None:
            return self._array
        return np.memmap(self._file, dtype=np.float32, mode="r+", shape=self._shape)
