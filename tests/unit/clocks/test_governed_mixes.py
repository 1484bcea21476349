"""Simulated mixes of phases: their laws, the oracle, what the governor saves, and the script that says so."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from wattshed.clocks.governing.replayed import replay_governor
from wattshed.clocks.governing.simulation.compare import compare, compare_on
from wattshed.clocks.governing.simulation.made_mixes import KINDS, make_mix
from wattshed.clocks.governing.simulation.oracle import best_static_in_hindsight, oracle
from wattshed.clocks.governing.simulation.plant import Plant
from wattshed.clocks.governing.simulation.study import COLUMNS, govern_study
from wattshed.clocks.governing.simulation.swept import sweep_phases
from wattshed.config.clocks.governor import GovernorBlock
from wattshed.foundation.faults import Fault

LIMIT = 0.05


@pytest.fixture(scope="module")
def compared():
    """One mix of each kind, with seeds that no constant was tuned on."""
    return {kind: compare(kind, 7, LIMIT, GovernorBlock()) for kind in KINDS}


class TestMixes:
    def test_the_plant_at_the_maximum_takes_what_the_laws_say(self):
        mix = make_mix("ordinary", 3)
        plant = Plant(mix, 0, 1.0)
        while plant.next_window():
            pass
        assert (plant.time_s, plant.energy_j) == pytest.approx(mix.at(mix.maximum))

    def test_the_plant_at_a_low_clock_pays_its_change_and_the_law(self):
        mix = make_mix("no idle", 3)
        plant, low = Plant(mix, 0, 1.0), mix.settings[20]
        plant.lock(low)
        while plant.next_window():
            pass
        assert plant.time_s == pytest.approx(mix.at(low)[0] + mix.transition_s)

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_same_seed_makes_the_same_mix_and_another_one_another(self, kind):
        assert make_mix(kind, 5) == make_mix(kind, 5) != make_mix(kind, 6)

    def test_sweeps_are_noisy_and_near_the_truth(self):
        mix = make_mix("ordinary", 1)
        for phase, curve in sweep_phases(mix, 1).items():
            law = mix.swept[phase]
            errors = [
                curve.slowdown_at(setting) - law.slowdown(setting / mix.maximum) for setting in mix.settings
            ]
            assert np.abs(errors).max() < 0.1
            assert curve.slowdown_at(mix.maximum) == 0
            if phase != "idle":
                assert np.abs(errors).max() > 0

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_oracle_bounds_every_static_clock(self, kind):
        mix = make_mix(kind, 2)
        best, base_s = oracle(mix, LIMIT), mix.at(mix.maximum)[0]
        assert best.time_s <= base_s * (1 + LIMIT) * (1 + 1e-9)
        assert best.energy_j <= mix.at(best_static_in_hindsight(mix, LIMIT))[1] * (1 + 1e-9)


class TestGoverned:
    @pytest.mark.parametrize("kind", KINDS)
    def test_the_limit_holds_and_the_maximum_is_never_beaten_by_over_a_hundredth(self, compared, kind):
        assert compared[kind].slowdown_share <= LIMIT
        assert compared[kind].saving_share >= -0.01

    @pytest.mark.parametrize("kind", KINDS)
    def test_nothing_saves_more_than_the_oracle(self, compared, kind):
        assert compared[kind].saving_share <= compared[kind].oracle_saving_share + 1e-9

    @pytest.mark.parametrize("kind", ["ordinary", "no idle", "one phase"])
    def test_most_of_the_oracles_saving_is_reached_where_phases_last(self, compared, kind):
        # The lowest of single mixes; docs/clock_governor.md has their distribution.
        assert compared[kind].of_oracle >= 0.65

    def test_on_average_at_least_80_percent_is_reached_where_phases_last(self, compared):
        three = [compared[kind] for kind in ("ordinary", "no idle", "one phase")]
        assert sum(one.saving_share * one.maximum_energy_j for one in three) >= 0.8 * sum(
            one.oracle_saving_share * one.maximum_energy_j for one in three
        )

    def test_where_no_clock_saves_the_maximum_stays(self, compared):
        one = compared["best at maximum"]
        assert (one.changes, one.of_oracle) == (0, None)

    def test_a_comparison_is_deterministic(self):
        mix = make_mix("one phase", 4)
        first, second = (compare_on(mix, 4, LIMIT, GovernorBlock()) for _ in range(2))
        assert first == second

    def test_a_limit_of_zero_gives_up_no_time(self):
        one = compare("one phase", 3, 0.0, GovernorBlock())
        assert one.slowdown_share <= 0.002


def samples(phases=("compute", "memory")):
    values = {"compute": (0.9, 0.4, 0.2), "memory": (0.7, 0.0, 0.7)}
    rows = [values[phase] for phase in phases for _ in range(300)]
    frame = pd.DataFrame(rows, columns=["sm_active_share", "tensor_share", "dram_share"])
    return frame.assign(
        time_s=np.arange(len(rows)) * 0.1, gpu="A100", workload="w", power_w=200.0, sm_clock_mhz=1410.0
    )


class TestReplay:
    def test_it_says_what_would_have_been_chosen(self):
        block = GovernorBlock(settings={"memory": 1005})
        chosen = replay_governor(samples(), (), LIMIT, block)
        assert set(chosen["setting"]) == {1410, 1005}
        assert chosen["setting"].iloc[-1] == 1005
        assert set(chosen.loc[chosen["phase"] == "compute", "setting"]) == {1410}

    @pytest.mark.parametrize(
        ("block", "frame", "says"),
        [
            (GovernorBlock(), samples(), "expected clocks.governor.settings"),
            (GovernorBlock(settings={"memory": 1005}), samples().drop(columns="sm_clock_mhz"), "no SM clock"),
            (
                GovernorBlock(settings={"memory": 1005}),
                samples().drop(columns="dram_share"),
                r"dram_share \(DCGM field 1005",
            ),
        ],
    )
    def test_what_is_missing_is_said(self, block, frame, says):
        with pytest.raises(Fault, match=says):
            replay_governor(frame, (), LIMIT, block, where="log")

    def test_a_clock_that_the_gpu_does_not_have_is_refused(self):
        with pytest.raises(Fault, match="names 1007 MHz"):
            replay_governor(samples(), (1005, 1410), LIMIT, GovernorBlock(settings={"memory": 1007}))


class TestStudy:
    def test_logs_and_simulation_stand_in_one_frame_with_their_labels(self):
        block = GovernorBlock(mixes=1, settings={"memory": 1005}, period_s=0.1)
        untimed = samples().assign(time_s=float("nan"))
        document, phases = govern_study(block, LIMIT, 0, {"mine": samples(), "untimed": untimed})
        assert tuple(phases.columns) == COLUMNS
        assert set(phases["label"]) == {"simulated", "recorded"}
        for name in ("mine", "untimed"):
            own = phases[phases["source"] == name]
            assert own["phase"].tolist() == ["compute", "memory"]
            assert own["setting"].isna().all()
            assert document["replayed"][name]["claims"].startswith("no effect")
        simulated = phases[phases["label"] == "simulated"]
        assert (simulated["start_s"].to_numpy()[1:] == simulated["end_s"].to_numpy()[:-1]).all()

    def test_the_script_writes_both_files(self, root, tmp_path):
        samples().to_parquet(tmp_path / "log.parquet")
        words = [
            sys.executable,
            str(root / "workflow/scripts/clocks/govern_clocks.py"),
            *("--governor", json.dumps({"mixes": 1}), "--max-slowdown-share", "0.05", "--seed", "0"),
            *("--samples", f"mine={tmp_path / 'log.parquet'}"),
            *("--governed", str(tmp_path / "governor.json"), "--phases", str(tmp_path / "phases.parquet")),
        ]
        subprocess.run(words, check=True)
        governed = json.loads((tmp_path / "governor.json").read_text())
        assert governed["label"] == "simulated"
        assert [one["kind"] for one in governed["summary"]] == ["ordinary", "all"]
        assert set(pd.read_parquet(tmp_path / "phases.parquet")["source"]) == {"ordinary mix, seed 0", "mine"}


class TestSettings:
    @pytest.mark.parametrize(
        "wrong",
        [
            {"rule": "gputl"},
            {"window_s": 0},
            {"hysteresis_windows": 0},
            {"rise_windows": 5},
            {"dwell_s": 0.1},
            {"most_steps": 0},
            {"guard_share": 1.0},
            {"settings": {"tensor": 1000}},
            {"dwell": 3},
        ],
    )
    def test_wrong_keys_and_values_are_refused(self, wrong):
        with pytest.raises(ValidationError):
            GovernorBlock.model_validate(wrong)

    def test_every_key_is_described(self):
        assert all(field.description for field in GovernorBlock.model_fields.values())
