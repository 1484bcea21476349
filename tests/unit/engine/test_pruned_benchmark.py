"""The benchmark of removed units: its interval covers, its calls compute, its page has every row."""

import importlib
import random

import pytest
import torch

from wattshed.engine.choice import choose


@pytest.fixture
def benchmark(root, monkeypatch):
    monkeypatch.syspath_prepend(str(root / "benchmarks"))
    return importlib.import_module("pruned_kernel")


@pytest.fixture
def timing(benchmark):
    return importlib.import_module("paired_timing")


def test_the_interval_of_the_median_covers_as_often_as_it_says(timing):
    draw = random.Random(5)
    covered = 0
    for _ in range(1000):
        ratios = [draw.lognormvariate(0.7, 0.5) for _ in range(41)]
        found = timing.median_ratio(ratios, [1.0] * 41)
        assert found.low <= found.median <= found.high
        covered += found.low <= 2.718281828**0.7 <= found.high
    # 95.6 % by the binomial distribution; four standard errors of 1,000 draws are 2.6 %.
    assert 930 <= covered <= 982


def test_an_aim_is_met_only_by_the_whole_interval(timing):
    assert timing.judged(timing.Ratio(1.7, 1.6, 1.8), 1.6) == "yes"
    assert timing.judged(timing.Ratio(1.7, 1.5, 1.8), 1.6) == "not told"
    assert timing.judged(timing.Ratio(1.5, 1.4, 1.59), 1.6) == "**no**"


def test_few_pairs_have_no_interval_and_decide_nothing(timing):
    few = timing.median_ratio([2.0, 2.1, 1.9], [1.0] * 3)
    assert str(few) == "2.00x (no interval)"
    assert timing.judged(few, 1.6) == "not told"


def test_the_page_has_a_row_of_every_pair_and_call(benchmark, timing, monkeypatch):
    if choose("auto", "cpu", 16).kernel is None:
        pytest.skip(f"no kernel: {choose('auto', 'cpu', 16).why}")
    monkeypatch.setattr(timing, "LEAST_S", 0.0)
    monkeypatch.setattr(
        benchmark,
        "PAIRS",
        [
            (benchmark.Sizes(8, 8), benchmark.Sizes(4, 5), 1.6),
            (benchmark.Sizes(8, 8), benchmark.Sizes(8, 5), None),
        ],
    )
    monkeypatch.setattr(benchmark, "SHARES_OF", (8,))
    before = torch.get_num_threads()
    try:
        text = benchmark.page(benchmark.measure(rounds=3), rounds=3)
    finally:
        torch.set_num_threads(before)
    rows = [line for line in text.splitlines() if line.startswith("| 8 units, 8 channels |")]
    tables = text.count("\n## ") - 1
    assert len(rows) == 2 * len(benchmark.CALLS) * tables
    assert sum(">= 1.6x" in row for row in rows) == 2 * tables, "only forecasts of the first pair have an aim"
    assert sum(line.startswith("| 8 | ") for line in text.splitlines()) == len(benchmark.REMOVED)
    assert "Machine: " in text
    assert "Commit: " in text


def test_calls_that_several_threads_slow_down_are_named(benchmark):
    def row(what, full_ms, smaller_ms):
        return benchmark.Row("16 units", "8 units", what, full_ms, smaller_ms, "", "", "", "")

    by_one = [row("forecast", "1.000", "0.500"), row("step", "10.000", "5.000")]
    said = benchmark.slower_sentence(
        by_one, [row("forecast", "0.600", "0.510"), row("step", "15.000", "5.900")], 2
    )
    assert said.startswith(
        "2 threads took more than 1.2 times as long as one: step with 16 units, 15.000 against 10.000 ms."
    )
    assert benchmark.slower_sentence(by_one, by_one, 2) == benchmark.slower_sentence([], by_one, 1) == ""


def test_the_page_says_what_its_rows_show(benchmark, root):
    page = (root / "docs/pruned_kernel.md").read_text(encoding="utf-8")
    assert benchmark.COLUMNS in page
    blocks = [
        [
            benchmark.Row(*(cell.strip() for cell in line.strip()[1:-1].split("|")))
            for line in block.splitlines()
            if line.startswith("| ") and " units, " in line
        ]
        for block in page.split("\n## ")[1:3]
    ]
    assert len(blocks[0]) == len(blocks[1]) == len(benchmark.PAIRS) * len(benchmark.CALLS)
    assert benchmark.slower_sentence(*blocks, 2) in page


def test_the_networks_that_are_timed_compute(benchmark):
    if choose("auto", "cpu", 16).kernel is None:
        pytest.skip(f"no kernel: {choose('auto', 'cpu', 16).why}")
    work = benchmark.Work(benchmark.Sizes(8, 5))
    for _, call, _ in benchmark.CALLS:
        call(work)
    forecast = work.kernel.forecast(work.weights, work.one, benchmark.Additions(work.base))
    assert tuple(forecast.shape) == (benchmark.NODES, benchmark.HORIZON)
    assert forecast.isfinite().all()
    assert forecast.std(dim=0).min() > 0, "nodes differ"
