"""The fused GPU kernels: on a GPU where there is one, and by Triton's interpreter where Triton is installed."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest
import torch

from triton_cases import CASES, Case, Dropout, errors_of, factors, make_problem
from wattshed.engine.gpu import fused_cuda
from wattshed.foundation.faults import Fault

FORWARD, GRADIENTS = 1e-6, 1e-5
needs_triton = pytest.mark.skipif(
    importlib.util.find_spec("triton") is None,
    reason="Triton is not installed (pip install triton, on Linux)",
)
NO_GPU = fused_cuda.available() if torch.cuda.is_available() else "torch finds no GPU"
needs_gpu = pytest.mark.skipif(NO_GPU is not None, reason=str(NO_GPU))


@pytest.fixture(scope="module")
def interpreted(root):
    """Errors of every case, from a child: the interpreter is chosen when Triton is imported."""
    environment = {**os.environ, "TRITON_INTERPRET": "1", "CUDA_VISIBLE_DEVICES": ""}
    program = [sys.executable, root / "tests/helpers/triton_cases.py"]
    done = subprocess.run(program, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def judge(errors):
    assert errors.pop("repeatable") == 1
    assert errors.pop("autograd") == 1
    assert errors.pop("forecast") < FORWARD
    assert errors.pop("loss") < FORWARD
    assert max(errors.values()) < GRADIENTS, errors


@needs_triton
@pytest.mark.parametrize("name", CASES)
def test_interpreted_kernels_are_the_formulas_in_float64(interpreted, name):
    judge(interpreted[name])


@needs_triton
@pytest.mark.parametrize("case", [Case(3, 24, 16, 6, slots=168), Case(3, 24, 7, 6, slots=168, lift=24)])
@pytest.mark.parametrize("name", ["forecast_kernel", "train_kernel"])
def test_kernels_compile_for_an_h200_without_one(name, case, monkeypatch, tmp_path):
    """The interpreter takes what the compiler may refuse."""
    monkeypatch.setenv("TRITON_CACHE_DIR", str(tmp_path))
    import triton
    from triton.backends.compiler import GPUTarget
    from triton.compiler import ASTSource

    from wattshed.engine.gpu import triton_gru

    kernel = getattr(triton_gru, name)
    problem = make_problem(case, "cpu")
    monkeypatch.setattr(fused_cuda, "available", lambda: None)
    monkeypatch.setattr(fused_cuda, "_interpreted", lambda: True)
    launch = fused_cuda._Launch.of(*problem.inputs, problem.weights, Dropout(u=0.3))
    constants = {"SLOTS": 168, "SUMS": 1, "HUBER": True, **launch.constants}
    kinds = {"node": "*i64", "origin": "*i64", "slot": "*i32", "mask": "*u8"}
    kinds |= dict.fromkeys(triton_gru.ARBITRARY, "i32")
    kinds |= {f"scale_{place}": "fp32" for place in "uhy"}
    kinds |= dict.fromkeys(constants, "constexpr")
    source = ASTSource(
        kernel,
        signature={argument: kinds.get(argument, "*fp32") for argument in kernel.arg_names},
        constexprs={argument: constants[argument] for argument in kernel.arg_names if argument in constants},
    )
    made = triton.compile(source, target=GPUTarget("cuda", 90, 32), options=launch.options)
    # An H100 or H200 gives a program at most 227 KiB of shared memory.
    assert made.metadata.shared <= 227 * 1024


@needs_gpu
@pytest.mark.parametrize("name", CASES)
def test_kernels_on_the_gpu_are_the_formulas_in_float64(name):
    judge(errors_of(CASES[name], "cuda"))


def test_the_definition_drops_its_share_evenly():
    """The oracle's masks: the right share, another set for another seed or place, scaled to mean 1."""
    counter = torch.arange(200_000)
    mask = factors(counter, Dropout(seed=1, u=0.3), 0)
    assert mask.mean() == pytest.approx(1, abs=0.01)
    assert set(mask.unique().tolist()) == {0, 1 / 0.7}
    other = factors(counter, Dropout(seed=2, u=0.3), 0)
    assert torch.corrcoef(torch.stack([mask, other]))[0, 1] == pytest.approx(0, abs=0.02)


def test_without_triton_or_gpu_the_kernels_say_why(monkeypatch):
    problem = make_problem(Case(3, 2, 8, 1), "cpu")
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(
        Fault, match=r"cannot run: (torch finds no GPU|Triton is not installed): use the torch"
    ):
        problem.kernel_forecast()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert fused_cuda.available() == "Triton is not installed"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"w_own": torch.zeros(65)}, "1 to 64 channels and hidden units.*not 65, 8, 2 and 1"),
        ({"weight_hh": torch.zeros(195, 65)}, "1 to 64 channels and hidden units.*not 8, 65, 2 and 1"),
        ({"w_own": torch.zeros(7)}, r"w_agg is \[8\] .*need it contiguous, \[7\]"),
        ({"weight_ih": torch.zeros(24, 7)}, r"weight_ih is \[24, 7\] .*\[24, 8\]"),
        ({"base": torch.zeros(2, 8)}, r"base is \[2, 8\] torch.float32"),
        ({"b_out": torch.zeros(1).double()}, r"b_out is \[1\] torch.float64"),
        ({"calendar": torch.zeros(4, 8)}, "slot and calendar belong together"),
    ],
)
def test_what_does_not_fit_is_told(monkeypatch, change, words):
    monkeypatch.setattr(fused_cuda, "available", lambda: None)
    monkeypatch.setattr(fused_cuda, "_interpreted", lambda: True)
    problem = make_problem(Case(3, 2, 8, 1), "cpu")
    with pytest.raises(Fault, match=words):
        fused_cuda.forecast(*problem.inputs, problem.weights._replace(**change))


@needs_triton
def test_a_gpu_too_small_for_the_kernels_is_told(monkeypatch):
    """Many hidden units need more shared memory than some GPUs have."""
    from triton.runtime.errors import OutOfResources

    monkeypatch.setattr(fused_cuda, "available", lambda: None)
    monkeypatch.setattr(fused_cuda, "_interpreted", lambda: True)
    problem = make_problem(Case(3, 2, 64, 1), "cpu")
    launch = fused_cuda._Launch.of(*problem.inputs, problem.weights, problem.dropout)
    with (
        pytest.raises(Fault, match=r"with 64 channels and 64 hidden units do not fit cpu .*use the torch"),
        launch.running(),
    ):
        raise OutOfResources(155648, 101376, "shared memory")


def test_dropout_shares_end_below_one(monkeypatch):
    monkeypatch.setattr(fused_cuda, "available", lambda: None)
    monkeypatch.setattr(fused_cuda, "_interpreted", lambda: True)
    problem = make_problem(Case(3, 2, 8, 1), "cpu")
    with pytest.raises(Fault, match="below 1"):
        fused_cuda.forecast(*problem.inputs, problem.weights, Dropout(u=1.0))
