"""Phase rules, windows of real time, hysteresis, and the phases of power logs."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattshed.clocks.phases.detect import COLUMNS, confirmed_phases, detect_phases
from wattshed.clocks.phases.rule import BALANCED, COMPUTE, IDLE, MEMORY, PHASES, UNKNOWN
from wattshed.clocks.phases.rules import RULES
from wattshed.clocks.phases.shares import from_percent, require_shares
from wattshed.clocks.phases.windows import window_medians, with_period
from wattshed.foundation.faults import Fault

NAN = math.nan
share = st.floats(0, 1)


def shown(busy=1.0, memory=0.2, sm=0.9, tensor=0.4, dram=0.2):
    return {
        "gpu_busy_share": busy,
        "memory_busy_share": memory,
        "sm_active_share": sm,
        "tensor_share": tensor,
        "dram_share": dram,
    }


def log(*stretches, period_s=0.1, **columns):
    """Samples of one GPU: (seconds, values) per stretch."""
    rows = [values for seconds, values in stretches for _ in range(round(seconds / period_s))]
    frame = pd.DataFrame(rows)
    frame["time_s"] = np.arange(len(rows)) * period_s
    return frame.assign(
        **{"gpu": "A100", "gpu_uuid": pd.NA, "gpu_index": 0, "workload": "w", "power_w": 200.0, **columns}
    )


AT_WORK = shown()
STREAMING = shown(sm=0.7, tensor=0.0, dram=0.75, memory=0.9)
RESTING = shown(busy=0.0, memory=0.0, sm=0.0, tensor=0.0, dram=0.0)


class TestRules:
    @pytest.mark.parametrize(
        ("rule", "values", "phase"),
        [
            ("plan", shown(busy=0.81, dram=0.29), COMPUTE),
            ("plan", shown(busy=0.80, dram=0.29), BALANCED),
            ("plan", shown(busy=0.81, dram=0.30), BALANCED),
            ("plan", shown(busy=0.49, dram=0.61), MEMORY),
            ("plan", shown(busy=0.50, dram=0.61), BALANCED),
            ("plan", RESTING, BALANCED),
            ("activity", AT_WORK, COMPUTE),
            ("activity", STREAMING, MEMORY),
            ("activity", RESTING, IDLE),
            ("activity", shown(sm=0.9, tensor=0.5, dram=0.7), BALANCED),
            ("activity", shown(sm=0.3, tensor=0.1, dram=0.2), BALANCED),
            ("activity", shown(sm=0.3, tensor=0.4, dram=0.2), COMPUTE),
            ("activity", shown(sm=0.05, tensor=0.0, dram=0.3), BALANCED),
            ("utilisation", RESTING, IDLE),
            ("utilisation", STREAMING, MEMORY),
            ("utilisation", AT_WORK, COMPUTE),
            ("utilisation", shown(busy=0.5), BALANCED),
        ],
    )
    def test_thresholds(self, rule, values, phase):
        assert RULES[rule].phase_of(values) == phase

    @given(rule=st.sampled_from(sorted(RULES)), values=st.tuples(share, share, share, share, share))
    def test_shares_always_have_a_phase(self, rule, values):
        assert RULES[rule].phase_of(shown(*values)) in PHASES

    @pytest.mark.parametrize("rule", sorted(RULES))
    def test_a_missing_value_is_not_guessed(self, rule):
        for column in RULES[rule].needs:
            assert RULES[rule].phase_of({**AT_WORK, column: NAN}) == UNKNOWN
            assert RULES[rule].phase_of({k: v for k, v in AT_WORK.items() if k != column}) == UNKNOWN

    def test_tensor_activity_may_be_missing(self):
        assert RULES["activity"].phase_of({**AT_WORK, "tensor_share": NAN}) == COMPUTE
        assert RULES["activity"].phase_of({**STREAMING, "tensor_share": NAN}) == MEMORY

    @given(busy=share, reached=share)
    def test_the_plans_memory_branch_needs_dram_traffic_without_a_kernel(self, busy, reached):
        # While a kernel runs, at most all of the time moves data: DRAM is active for no longer than kernels are.
        dram = busy * reached
        assert RULES["plan"].phase_of(shown(busy=busy, dram=dram)) != MEMORY

    def test_memory_bound_kernels_are_balanced_to_the_plan(self):
        random = np.random.default_rng(0)
        windows = [
            shown(busy=1.0, sm=s, tensor=0.0, dram=d)
            for s, d in zip(random.uniform(0.5, 0.9, 200), random.uniform(0.6, 0.85, 200), strict=True)
        ]
        assert {RULES["plan"].phase_of(one) for one in windows} == {BALANCED}
        assert {RULES["activity"].phase_of(one) for one in windows} == {MEMORY}


class TestShares:
    def test_percent_is_refused_with_the_column_and_the_way_out(self):
        with pytest.raises(Fault, match=r"dram_share reaches 83: expected shares from 0 to 1.*percent"):
            require_shares(pd.DataFrame({"dram_share": [20.0, 83.0]}), ("dram_share",), "log.csv")

    def test_negative_shares_are_refused(self):
        with pytest.raises(Fault, match=r"falls to -0\.5"):
            require_shares(pd.DataFrame({"dram_share": [-0.5, 0.1]}), ("dram_share",), "log.csv")

    def test_percent_is_converted_where_asked_and_shares_are_not_converted_again(self):
        frame = pd.DataFrame({"gpu_busy_share": [0.0, 95.0]})
        shares = from_percent(frame, ["gpu_busy_share"])
        assert shares["gpu_busy_share"].tolist() == [0.0, 0.95]
        with pytest.raises(Fault, match="looks like shares"):
            from_percent(shares, ["gpu_busy_share"])

    def test_missing_values_and_other_columns_pass(self):
        require_shares(pd.DataFrame({"dram_share": [NAN, 1.0]}), ("dram_share", "tensor_share"), "log.csv")


class TestWindows:
    def test_real_times_decide_not_rows(self):
        fast, slow = log((2, AT_WORK), period_s=0.1), log((2, STREAMING), period_s=0.2)
        slow["time_s"] += 2
        windows = window_medians(pd.concat([fast, slow]), ["dram_share"], 1.0, "log")
        assert windows["start_s"].tolist() == [0, 1, 2, 3]
        assert windows["samples"].tolist() == [10, 10, 5, 5]
        assert windows["dram_share"].tolist() == [0.2, 0.2, 0.75, 0.75]

    def test_a_single_odd_sample_does_not_move_the_median(self):
        frame = log((1, AT_WORK))
        frame.loc[3, "dram_share"] = 1.0
        assert window_medians(frame, ["dram_share"], 1.0, "log")["dram_share"].tolist() == [0.2]

    def test_a_log_without_times_is_refused_and_an_assumed_period_must_be_stated(self):
        frame = log((2, AT_WORK), (2, STREAMING)).assign(time_s=NAN)
        with pytest.raises(Fault, match=r"no times.*clocks\.governor\.period_s"):
            detect_phases(frame, RULES["activity"], 0.5, 2)
        found = detect_phases(with_period(frame, 0.1), RULES["activity"], 0.5, 2)
        assert found["phase"].tolist() == [COMPUTE, MEMORY]

    def test_too_few_samples_are_refused(self):
        with pytest.raises(Fault, match=r"raise clocks\.governor\.window_s"):
            detect_phases(log((4, AT_WORK), period_s=1.0), RULES["activity"], 1.0, 2)


class TestHysteresis:
    def test_a_short_excursion_changes_nothing(self):
        raw = [COMPUTE] * 5 + [MEMORY] * 2 + [COMPUTE] * 5
        assert confirmed_phases(raw, 3) == [COMPUTE] * 12

    def test_a_change_is_dated_back_to_its_first_window(self):
        raw = [COMPUTE] * 4 + [MEMORY] * 4
        assert confirmed_phases(raw, 3) == raw

    def test_two_rivals_in_turn_confirm_neither(self):
        raw = [COMPUTE, MEMORY, IDLE, MEMORY, IDLE, MEMORY, IDLE]
        assert set(confirmed_phases(raw, 2)) == {COMPUTE}

    @given(raw=st.lists(st.sampled_from([*PHASES, UNKNOWN]), max_size=40), needed=st.integers(1, 5))
    def test_every_later_phase_lasts_as_long_as_was_needed_or_ends_the_log(self, raw, needed):
        confirmed = confirmed_phases(raw, needed)
        assert len(confirmed) == len(raw)
        starts = [place for place in range(1, len(raw)) if confirmed[place] != confirmed[place - 1]]
        for place in starts:
            if confirmed[place - 1] != UNKNOWN:
                assert raw[place : place + needed] == [confirmed[place]] * needed


class TestDetection:
    def test_phases_of_a_log(self):
        found = detect_phases(log((3, RESTING), (4, AT_WORK), (3, STREAMING)), RULES["activity"], 0.5, 2)
        assert tuple(found.columns) == COLUMNS
        assert found["phase"].tolist() == [IDLE, COMPUTE, MEMORY]
        assert found["start_s"].tolist() == [0, 3, 7]
        assert found["end_s"].tolist() == [3, 7, 10]
        assert set(found["rule"]) == {"activity"}
        assert found["power_w"].tolist() == [200.0] * 3

    def test_gpus_and_workloads_are_told_apart(self):
        both = pd.concat([log((2, AT_WORK)), log((2, STREAMING), gpu_index=1, workload="v")])
        found = detect_phases(both, RULES["activity"], 0.5, 2)
        assert found[["gpu_index", "workload", "phase"]].values.tolist() == [
            [0, "w", COMPUTE],
            [1, "v", MEMORY],
        ]

    def test_a_gap_ends_a_phase(self):
        frame = log((10, AT_WORK))
        found = detect_phases(
            frame[(frame["time_s"] < 3) | (frame["time_s"] >= 6)], RULES["activity"], 0.5, 2
        )
        assert found[["start_s", "end_s"]].values.tolist() == [[0, 3], [6, 10]]

    @pytest.mark.parametrize(
        ("rule", "column", "field"),
        [
            ("activity", "sm_active_share", "1002"),
            ("activity", "dram_share", "1005"),
            ("plan", "dram_share", "1005"),
        ],
    )
    def test_a_missing_column_names_what_the_recorder_must_add(self, rule, column, field):
        frame = log((3, AT_WORK))
        for lacking in (frame.drop(columns=column), frame.assign(**{column: NAN})):
            with pytest.raises(Fault, match=rf"needs {column} \(DCGM field {field}.*let the recorder add it"):
                detect_phases(lacking, RULES[rule], 0.5, 2)

    def test_percent_in_a_log_is_refused(self):
        frame = log((3, AT_WORK))
        with pytest.raises(Fault, match="percent"):
            detect_phases(frame.assign(dram_share=20.0), RULES["activity"], 0.5, 2, "log.csv")

    def test_what_is_not_recorded_for_long_is_unknown(self):
        frame = log((6, AT_WORK))
        frame.loc[20:39, "dram_share"] = NAN
        found = detect_phases(frame, RULES["activity"], 0.5, 2)
        assert found["phase"].tolist() == [COMPUTE, UNKNOWN, COMPUTE]
