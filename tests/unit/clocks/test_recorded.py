"""The choice on 1,440 recorded runs, and the arithmetic of the published picks."""

import json
from statistics import mean

import pytest

from wattshed.clocks.backends.replay import RecordedClocks
from wattshed.clocks.choosing.answer import Limits
from wattshed.clocks.choosing.choice import KEEP, choose_cell
from wattshed.config.clocks.replay import ReplayBlock
from wattshed.foundation.vocabulary import Worth


def choose(path, gpu, workload):
    block = ReplayBlock(path=str(path), gpu=gpu, workload=workload)
    return choose_cell(RecordedClocks(block).recorded_sweep(), Limits(0.05))


@pytest.mark.parametrize("gpu", ["a100", "v100"])
@pytest.mark.parametrize("workload", ["vit", "whisper"])
def test_contaminated_recordings_are_refused(recorded_csv, gpu, workload):
    choice = choose(recorded_csv, gpu, workload)
    assert (choice.status, choice.verdict) == ("refused", KEEP)
    assert "contaminated" in choice.reason
    assert choice.saving_share is None
    assert choice.setting == choice.maximum


def test_a_gpu_that_is_faster_at_lower_clocks_is_doubtful(recorded_csv):
    choice = choose(recorded_csv, "a100", "llama")
    assert (choice.status, choice.setting) == ("doubtful", 1410)
    assert "faster than the maximum" in choice.reason
    assert choice.saving_share == pytest.approx(0.28, abs=0.015)
    assert choice.slowdown_share == pytest.approx(-0.07, abs=0.015)


@pytest.mark.parametrize(
    ("gpu", "workload", "setting", "saving"),
    [
        ("a100", "stablediffusion", 1140, 0.162),
        ("v100", "stablediffusion", 1110, 0.129),
    ],
)
def test_usable_recordings_give_the_robust_result_with_an_interval(
    recorded_csv, gpu, workload, setting, saving
):
    choice = choose(recorded_csv, gpu, workload)
    assert (choice.status, choice.setting, choice.label) == ("use", setting, "recorded")
    assert choice.saving_share == pytest.approx(saving, abs=0.001)
    assert 0 < choice.saving_low < choice.saving_share < choice.saving_high
    assert choice.slowdown_low < choice.slowdown_share < choice.slowdown_high <= 0.05
    assert choice.candidate_low <= setting <= choice.candidate_high
    assert choice.baseline_protocol == "settled"


def test_clocks_whose_interval_passes_the_limit_are_undecided(recorded_csv):
    """1095 MHz saves 9.6 % within the limit by its point estimate; the interval of its slowdown passes it."""
    choice = choose(recorded_csv, "v100", "llama")
    assert (choice.status, choice.outcome) == ("keep", Worth.UNDECIDED)
    assert "no lower clock is shown to stay within 5.0% slowdown" in choice.reason
    tried = {row["setting"]: row for row in choice.to_json()["fitted"]}[1095]
    assert tried["slowdown_share"] <= 0.05 < tried["slowdown_high"]
    assert tried["saving_share"] == pytest.approx(0.096, abs=0.001)


def test_published_picks_add_up_to_less_than_they_were_told(published_json):
    picks = json.loads(published_json.read_text())
    assert len(picks) == 12
    saved = [pick["energy_savings_edp_percent"] for pick in picks]
    ratios = [pick["optimal_frequency_edp_mhz"] / pick["max_frequency_mhz"] for pick in picks]
    assert mean(saved) == pytest.approx(25.37, abs=0.005)
    assert mean(pick["energy_savings_ed2p_percent"] for pick in picks) == pytest.approx(24.56, abs=0.005)
    assert mean(pick["edp_improvement_percent"] for pick in picks) == pytest.approx(29.88, abs=0.005)
    worthwhile = [saving >= 20 for saving in saved]
    in_band = [0.7 <= ratio <= 1 for ratio in ratios]
    assert (sum(worthwhile), sum(in_band)) == (7, 4)
    assert not any(a and b for a, b in zip(worthwhile, in_band, strict=True))
    for pick in picks:
        product = pick["optimal_energy_edp_joules"] * pick["optimal_timing_edp_seconds"]
        assert product == pytest.approx(pick["optimal_edp"], rel=1e-3)
