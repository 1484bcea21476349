"""X and A X made in memory and out of core are the same bytes."""

import errno
import os
import subprocess
import sys
import textwrap

import numpy as np
import pytest
import scipy.sparse as sp

from wattshed.engine.series.series_files import make_series
from wattshed.foundation.faults import Fault

HOURS, NODES = 1300, 37


@pytest.fixture
def made():
    random = np.random.default_rng(3)
    values = random.normal(size=(HOURS, NODES)).astype(np.float32)
    dense = random.random((NODES, NODES)) * (random.random((NODES, NODES)) < 0.2)
    return values, sp.csr_array(dense.astype(np.float32)), lambda block: (block - 1) / 2


@pytest.mark.parametrize("limit_bytes", [1, 100_000, 300_000])
def test_out_of_core_is_the_in_memory_result(made, tmp_path, limit_bytes):
    """A limit of one byte means blocks of one hour."""
    values, adjacency, scale = made
    kept = make_series(values, adjacency, scale, float("inf"))
    own, aggregate = make_series(values, adjacency, scale, limit_bytes, tmp_path)
    assert isinstance(own, np.memmap)
    assert isinstance(aggregate, np.memmap)
    assert not isinstance(kept[0], np.memmap)
    np.testing.assert_array_equal(own, kept[0])
    np.testing.assert_array_equal(aggregate, kept[1])
    np.testing.assert_allclose(kept[1], adjacency.toarray() @ ((values.T - 1) / 2), rtol=1e-4, atol=1e-5)
    assert list(tmp_path.iterdir()) == []


def test_without_a_limit_the_machines_memory_decides(made):
    assert not isinstance(make_series(*made)[0], np.memmap)


def test_a_full_disk_is_told_before_anything_is_written(made, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    with pytest.raises(Fault, match=r"cannot take a file of .* GiB \(No space left on device\): free space"):
        make_series(*made, memory_limit_bytes=1)


def test_the_limit_keeps_the_peak_of_memory_down(tmp_path):
    """80 MB of series within a limit of 8 MB: the process grows by less than a third of them."""
    code = textwrap.dedent("""
        import resource, sys
        import numpy as np, scipy.sparse as sp
        from wattshed.engine.series.series_files import make_series
        # Zeros that nobody has touched take no memory: only what is made counts.
        values = np.broadcast_to(np.float32(1), (10_000, 1_000))
        adjacency = sp.eye_array(1_000, format="csr", dtype=np.float32)
        peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        before = peak()
        series = make_series(values, adjacency, lambda block: block * 2, 8e6, sys.argv[1])
        print(peak() - before)
    """)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert float(done.stdout) < 25
