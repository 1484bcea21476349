"""The benchmark of memory kernels: its calls compute the same, and its page has every row."""

import importlib

import pytest
import torch


@pytest.fixture
def benchmark(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    made = importlib.import_module("memory_kernels")
    for name, value in {
        "EXAMPLES": 2,
        "WIDTH": 8,
        "HEADS": 2,
        "NODES": 6,
        "EDGES": 12,
        "CHANNELS": 3,
    }.items():
        monkeypatch.setattr(made, name, value)
    monkeypatch.setattr(importlib.import_module("paired_timing"), "LEAST_S", 0.0)
    return made


def test_layers_with_different_kernels_have_the_same_weights_and_are_exact(benchmark):
    plain, fused = benchmark.Layer(40, benchmark.EXPLICIT), benchmark.Layer(40, benchmark.FUSED)
    assert torch.equal(plain.layer.qkv.weight, fused.layer.qkv.weight)
    assert torch.equal(plain.values, fused.values)
    assert plain.error() < 1e-6
    assert fused.error() < 1e-6
    blocks = benchmark.Layer(200, benchmark.BLOCK)
    assert blocks.error(benchmark.BLOCK.pattern(200)) < 1e-6
    assert blocks.error() > 1e-3


def test_kept_bytes_are_those_of_the_tensors(benchmark):
    """Queries, keys, values and the result, and beside them the softmax, or one number for each query and head."""
    one = 2 * 40 * 8 * 4
    assert benchmark.Layer(40, benchmark.EXPLICIT).saved_bytes() == 3 * one + one + 2 * 2 * 40 * 40 * 4
    assert benchmark.Layer(40, benchmark.FUSED).saved_bytes() == 3 * one + one + 2 * 2 * 40 * 4


def test_the_page_has_a_row_for_every_kernel(benchmark, capsys):
    text = benchmark.page(1, (40,))
    assert capsys.readouterr().out == ""
    for row in (
        "attention: fused",
        "attention: blocks",
        "layer: fused",
        "layer: blocks",
        "default layer: fused",
    ):
        assert f"| 40 | {row}" in text or f"| 40 | torch's {row}" in text
    assert all(f"| {name} |" in text for name in ("messages", "dense", "streamed"))
