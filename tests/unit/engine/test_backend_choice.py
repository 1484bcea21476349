"""Which back end is taken, and that none is a reason to fail."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kernel_cases import made_case
from wattshed.engine.choice import choose
from wattshed.engine.cpu import compiled
from wattshed.engine.cpu.compiled import CannotCompile, find_compiler, load_kernel, register_file


@pytest.fixture(autouse=True)
def forgetful():
    choose.cache_clear()
    load_kernel.cache_clear()
    compiled._folder.cache_clear()
    yield
    choose.cache_clear()
    load_kernel.cache_clear()
    compiled._folder.cache_clear()


def fake_compiler(folder, script):
    path = folder / "fakecc"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_torch_is_taken_where_it_is_asked_for(capsys):
    chosen = choose("torch", "cpu", 16)
    assert (chosen.name, chosen.kernel) == ("torch", None)
    assert "asks for torch" in chosen.why
    assert capsys.readouterr().err == ""


def test_a_compiler_that_is_not_there_means_torch_and_is_told_once(monkeypatch, capsys):
    monkeypatch.setenv("CC", "/nowhere/cc")
    assert choose("auto", "cpu", 16).name == "torch"
    assert choose("auto", "cpu", 16).name == "torch"
    said = capsys.readouterr().err
    assert said == "No fused kernel, using torch: CC names '/nowhere/cc', which is not installed.\n"


def test_a_compiler_that_fails_means_torch_with_its_own_words(monkeypatch, tmp_path, capsys):
    script = 'case "$*" in *-dM*|*--version*) exit 0;; esac; echo "x.c:1: error: out of cheese" >&2; exit 1'
    monkeypatch.setenv("CC", fake_compiler(tmp_path, script))
    monkeypatch.setenv("WATTSHED_KERNEL_FOLDER", str(tmp_path / "kernels"))
    assert choose("auto", "cpu", 16).name == "torch"
    assert "failed (x.c:1: error: out of cheese)" in capsys.readouterr().err
    assert not list((tmp_path / "kernels").iterdir()), "nothing half-made"


def test_a_compiler_that_makes_rubbish_means_torch(monkeypatch, tmp_path, capsys):
    script = 'for last; do :; done; case "$*" in *-o*) echo rubbish > "$last";; esac'
    monkeypatch.setenv("CC", fake_compiler(tmp_path, script))
    monkeypatch.setenv("WATTSHED_KERNEL_FOLDER", str(tmp_path / "kernels"))
    assert choose("auto", "cpu", 16).name == "torch"
    assert "cannot be loaded" in capsys.readouterr().err


def test_what_the_kernel_does_not_take_is_torchs():
    assert "up to 64" in choose("auto", "cpu", 65).why
    assert choose("auto", "meta", 16).name == "torch"


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_cuda_is_torchs():
    assert choose("auto", "cuda", 16).kernel is None


def needs_compiler():
    try:
        return register_file(find_compiler(), "native")
    except CannotCompile as reason:
        pytest.skip(f"no compiler: {reason}")


def test_a_kernel_is_compiled_once_and_kept(monkeypatch, tmp_path):
    needs_compiler()
    monkeypatch.setenv("WATTSHED_KERNEL_FOLDER", str(tmp_path))
    assert choose("auto", "cpu", 16).name == "fused_cpu"
    (made,) = tmp_path.iterdir()
    stamp = made.stat().st_mtime_ns
    load_kernel.cache_clear()
    choose.cache_clear()
    assert choose("auto", "cpu", 16, lift=16).name == "fused_cpu"
    assert [path.stat().st_mtime_ns for path in tmp_path.iterdir()] == [stamp]


def test_every_pair_of_sizes_has_a_kernel_of_its_own(monkeypatch, tmp_path):
    """A kernel of other sizes would read foreign memory."""
    needs_compiler()
    monkeypatch.setenv("WATTSHED_KERNEL_FOLDER", str(tmp_path))
    kernels = [choose("auto", "cpu", *sizes).kernel for sizes in [(8,), (8, False, 5), (5, False, 8)]]
    assert [(kernel.hidden, kernel.lift) for kernel in kernels] == [(8, 8), (8, 5), (5, 8)]
    assert len(list(tmp_path.iterdir())) == 3


def test_a_lift_of_the_hidden_size_is_the_choice_without_a_lift():
    assert choose("auto", "cpu", 16, False, 16) is choose("auto", "cpu", 16)


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(monkeypatch, tmp_path):
    needs_compiler()
    blocked = tmp_path / "a_file"
    blocked.write_text("")
    monkeypatch.setenv("WATTSHED_KERNEL_FOLDER", str(blocked))
    assert choose("auto", "cpu", 8).name == "fused_cpu"


@pytest.mark.parametrize("lift", [16, 7])
@pytest.mark.parametrize("target", ["x86-64-v2", "x86-64-v3"])
def test_other_targets_compute_the_same(target, lift):
    """A machine with AVX2 alone, or with less, runs the same source."""
    if os.uname().machine != "x86_64":
        pytest.skip("targets of x86")
    needs_compiler()
    from wattshed.engine.cpu.fused_cpu import FusedCpu
    from wattshed.engine.cpu.fused_stream import FusedStream
    from wattshed.engine.recurrent import Dropout

    try:
        other = FusedCpu(16, lift, target)
    except CannotCompile as reason:
        pytest.skip(str(reason))
    if target == "x86-64-v3" and "avx2" not in Path("/proc/cpuinfo").read_text():
        pytest.skip("this processor has no AVX2")
    weights, windows, additions, target, observed = made_case(
        1, 16, 24, 6, 100, nodes=100, slots=7, lift=lift
    )
    everywhere = replace(windows, node=torch.arange(100), start=torch.full((100,), 3))
    found = []
    for kernel in (FusedCpu(16, lift), other):
        stream = FusedStream(kernel, weights, additions.base, torch.zeros(100, 16))
        step = stream.step(windows.own[:, 0], windows.aggregate[:, 0], additions.calendar[0])
        loss, gradients = kernel.learn(
            weights, windows, additions, target, observed, "huber", Dropout(0.3, 0.3, 0.3, 5)
        )
        found.append(
            [
                kernel.forecast(weights, windows, additions),
                kernel.forecast_consecutive(weights, everywhere, additions, 5),
                *(step, stream.state, loss),
                *gradients,
            ]
        )
    for here, there in zip(*found, strict=True):
        torch.testing.assert_close(here, there, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["source", "command"])
def test_what_cannot_even_be_tried_means_torch(monkeypatch, tmp_path, capsys, name):
    if name == "source":
        monkeypatch.setattr(compiled, "SOURCE", tmp_path / "no.c")
    else:
        monkeypatch.setenv("CC", 'cc "')
    assert choose("auto", "cpu", 16).name == "torch"
    assert "No fused kernel, using torch: the kernel could not be made (" in capsys.readouterr().err


def test_a_size_without_kernel_is_told(capsys):
    assert choose("auto", "cpu", 65).name == "torch"
    assert "using torch: the kernels take up to 64 hidden units, not 65." in capsys.readouterr().err
    assert choose("auto", "cpu", 16, False, 65).name == "torch"
    assert "using torch: the kernels take up to 64 channels of the lift, not 65." in capsys.readouterr().err
