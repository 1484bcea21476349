"""The GPU's benchmark row: filled where there is a GPU, honest where there is none."""

import os
import subprocess
import sys
import textwrap

import pytest
import torch

from wattshed.engine.gpu import fused_cuda


def run(root, code, **environment):
    found = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        cwd=root / "benchmarks",
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert found.returncode == 0, found.stderr
    return found.stdout.strip()


def test_without_a_gpu_the_row_says_so(root):
    code = (
        "import gpu; row = gpu.epoch_equivalent(); print(row['status'], round(row['floor_s'], 2), 's' in row)"
    )
    assert run(root, code, CUDA_VISIBLE_DEVICES="") == "not run: no GPU 0.26 False"


@pytest.mark.skipif(fused_cuda.available() == "Triton is not installed", reason="Triton is not installed")
def test_the_benchmarks_step_learns(root):
    """The very step that is timed, by the interpreter: an identity between hours is there to be learned."""
    code = """
        import gpu, torch
        gpu.LOOK_BACK = 3
        training = gpu.Training(gpu.EpochSize(nodes=4, windows=16, step_windows=16), torch.device("cpu"))
        training.own.fill_(1.0)
        losses = [float(training.step()) for _ in range(12)]
        print(losses[-1] < 0.7 * losses[0])
    """
    assert run(root, code, TRITON_INTERPRET="1", CUDA_VISIBLE_DEVICES="") == "True"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="torch finds no GPU")
def test_with_a_gpu_the_row_is_filled(root):
    code = "import gpu; print(gpu.epoch_equivalent(gpu.EpochSize(windows=64), repeats=1)['status'])"
    assert run(root, code) == "measured"
