"""Best savings of single runs, and the figures of the public power-limit traces."""

import pandas as pd
import pytest

from wattshed.clocks.choosing.point_estimates import best_savings

RUNS = pd.DataFrame(
    {
        "task": ["a", "a", "a", "b", "b"],
        "setting": [100, 200, 300, 100, 300],
        "time_s": [2.0, 1.05, 1.0, 1.0, 1.0],
        "energy_j": [50.0, 80.0, 100.0, 120.0, 100.0],
    }
)


def test_best_savings_by_hand():
    limited = best_savings(RUNS, ["task"], 0.05)
    assert limited["setting"].tolist() == [200, 300]
    assert limited["saving_share"].tolist() == pytest.approx([0.2, 0.0])
    assert limited["slowdown_share"].tolist() == pytest.approx([0.05, 0.0])
    free = best_savings(RUNS, ["task"])
    assert free["setting"].tolist() == [100, 300]
    assert free["slowdown_share"].tolist() == pytest.approx([1.0, 0.0])


def test_second_runs_and_impossible_numbers_are_refused():
    with pytest.raises(ValueError, match="two runs at one setting"):
        best_savings(pd.concat([RUNS, RUNS.head(1)]), ["task"], 0.05)
    for value in (0.0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="not positive"):
            best_savings(RUNS.assign(energy_j=value), ["task"], 0.05)


@pytest.mark.parametrize(
    ("gpu", "rows", "configurations", "limited", "free"),
    [("a40", 453, 53, (0.119, 0.185), 0.190), ("v100", 476, 68, (0.087, 0.151), 0.226)],
)
def test_public_power_limit_traces(recorded_csv, gpu, rows, configurations, limited, free):
    table = pd.read_csv(recorded_csv.parent / f"power_limit_{gpu}.csv")
    assert len(table) == rows
    runs = table.assign(
        setting=table["power_limit"],
        time_s=table["time_per_epoch"],
        energy_j=table["time_per_epoch"] * table["average_power"],
    )
    keys = ["dataset", "network", "batch_size", "optimizer"]
    best = best_savings(runs, keys, 0.05)
    assert len(best) == configurations
    assert best["saving_share"].quantile([0.5, 0.9]).tolist() == pytest.approx(limited, abs=0.0006)
    assert best_savings(runs, keys)["saving_share"].median() == pytest.approx(free, abs=0.0006)
