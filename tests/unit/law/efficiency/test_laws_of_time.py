"""The laws of time recover what made the times, stand outliers, and refuse what they cannot take."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.foundation.faults import Fault
from wattshed.law.efficiency.cross_validation import group_folds
from wattshed.law.efficiency.laws import CHOSEN_FORMS, LAWS, KernelPoints, choose_law, law_time_s
from wattshed.law.efficiency.mayaki import EfficiencyLaw, efficiency_law
from wattshed.law.efficiency.measures import mean_error_share, paper_pseudo_us
from wattshed.law.efficiency.sizes import sizes_from, sizes_of
from wattshed.law.operations.operation import Direction, Kind, Operation
from wattshed.law.profile.device_profile import TimeLaw

WIDTHS = (8, 16, 32, 64, 128, 256)


def products():
    """Products of many shapes, some of them in a recurrence; the widths are the groups."""
    made, groups = [], []
    for width in WIDTHS:
        for rows, steps in ((16, 1), (128, 12), (1024, 1), (512, 48), (4096, 3)):
            for inner in (24, 200):
                flops = 2 * steps * rows * inner * width
                moved = 4 * steps * (rows * inner + inner * width + rows * width)
                made.append(
                    Operation(
                        Kind.LINEAR,
                        flops,
                        moved,
                        dependent_steps=steps,
                        rows=rows,
                        inner=inner,
                        columns=width,
                        products=steps,
                        tensors=width % 7,
                    )
                )
                groups.append(width)
    return made, np.array(groups)


TRUTHS = {
    "affine": {"start_s": 4e-6, "flop_s": 2e-11},
    "roofline": {"flop_s": 2e-11, "byte_s": 2e-10},
    "efficiency": {
        "peak_flop_per_s": 1e11,
        "eta_max_share": 0.7,
        "k_per_tflop_alpha": 2e3,
        "alpha": 0.8,
    },
    "additive": {"start_s": 4e-6, "step_s": 3e-6, "flop_s": 2e-11, "byte_s": 1e-10, "tensor_s": 2e-6},
    "product": {
        "start_s": 4e-6,
        "step_s": 0.0,
        "product_s": 3e-6,
        "flop_s": 2e-11,
        "left_value_s": 4e-10,
        "right_value_s": 0.0,
        "out_value_s": 2e-10,
    },
}
CACHE = {"cache_bytes": 1.1e6, "beyond_byte_s": 3e-10}
PAGES = {"lane_flop_s": 1e-11, "page_bytes": 1.1e6, "page_byte_s": 3e-10}
TRUTHS |= {
    "cached": TRUTHS["additive"] | CACHE,
    "cached_product": TRUTHS["product"] | CACHE,
    "paged": TRUTHS["additive"] | PAGES,
}


def made_times(form, operations):
    return np.array([LAWS[form].time_s(TRUTHS[form], one) for one in operations])


def points_of(form, noise=0.0):
    operations, groups = products()
    random = np.random.default_rng(3)
    times = made_times(form, operations) * np.exp(noise * random.standard_normal(len(operations)))
    return KernelPoints(Kind.LINEAR, Direction.FORWARD, operations, times, groups)


@pytest.mark.parametrize("form", LAWS)
def test_a_law_is_the_same_for_one_operation_and_for_arrays(form):
    operations, _ = products()
    operations.append(Operation(Kind.ELEMENTWISE, 0, 0))
    arrays = LAWS[form].times_s(TRUTHS[form], sizes_of(operations))
    singly = [LAWS[form].time_s(TRUTHS[form], one) for one in operations]
    assert arrays == pytest.approx(singly, rel=1e-12)


@pytest.mark.parametrize("form", CHOSEN_FORMS)
def test_times_without_noise_give_the_law_back(form):
    operations, groups = products()
    times = made_times(form, operations)
    law = LAWS[form].fit_sizes(sizes_of(operations), times, groups)
    assert law.error_share < 2e-3
    assert [law_time_s(law, one) for one in operations] == pytest.approx(list(times), rel=2e-3)
    assert (law.points, law.flops_low) == (len(times), min(one.flops for one in operations))


@pytest.mark.parametrize("form", CHOSEN_FORMS)
def test_a_tenth_of_wild_outliers_barely_moves_a_law(form):
    """Plain least squares of the logarithm would move by a tenth of log 20, a third."""
    operations, groups = products()
    truth = made_times(form, operations)
    wild = truth.copy()
    wild[::10] *= 20
    law = LAWS[form].fit_sizes(sizes_of(operations), wild, groups)
    found = np.array([law_time_s(law, one) for one in operations])
    assert np.median(np.abs(found / truth - 1)) < 0.05


@settings(max_examples=25, deadline=None)
@given(eta_max=st.floats(0.05, 0.95), grown=st.floats(0.3, 4), alpha=st.floats(0.3, 0.95))
def test_the_efficiency_law_is_recovered_from_its_own_times(eta_max, grown, alpha):
    flops = np.geomspace(1e8, 1e12, 30)
    k = grown / 0.01**alpha
    times = flops / (1.56e14 * efficiency_law(flops / 1e12, eta_max, k, alpha))
    found = EfficiencyLaw(1.56e14).fitted(sizes_from(flops), times)
    assert found["eta_max_share"] == pytest.approx(eta_max, rel=1e-3)
    assert found["k_per_tflop_alpha"] == pytest.approx(k, rel=1e-3)
    assert found["alpha"] == pytest.approx(alpha, rel=1e-3)


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 2**16),
    form=st.sampled_from(list(LAWS)),
)
def test_more_of_everything_never_takes_less_time(seed, form):
    """Whatever the times are: also a fit to noise stays a law that grows."""
    operations, _ = products()
    times = np.exp(np.random.default_rng(seed).normal(-8, 2, len(operations)))
    found = LAWS[form].fitted(sizes_of(operations), times)
    assert all(np.isfinite(value) and value >= 0 for value in found.values())
    grown = [
        Operation(
            Kind.LINEAR,
            1e3 * size**3,
            12 * size**2,
            dependent_steps=size,
            rows=size,
            inner=size,
            columns=size,
        )
        for size in range(1, 60)
    ]
    seconds = [LAWS[form].time_s(found, one) for one in grown]
    assert all(later >= earlier * (1 - 1e-12) for earlier, later in pairwise(seconds))


@pytest.mark.parametrize("form", CHOSEN_FORMS)
def test_the_form_that_made_the_times_has_the_least_error(form):
    chosen, scores = choose_law(points_of(form, noise=0.01))
    by_form = {score.form: score.error_share for score in scores}
    assert chosen.error_share <= min(by_form.values()) / 0.98
    assert by_form[form] < 0.02
    if form == "roofline":
        assert chosen.form == form


def test_a_form_that_cannot_take_the_points_is_scored_with_its_reason():
    operations = [Operation(Kind.EMBEDDING, 0, moved) for moved in (1e3, 1e4, 1e5, 1e6, 2e6, 5e6, 1e7, 2e7)]
    times = np.array([5e-6 + one.bytes_moved / 1e10 for one in operations])
    points = KernelPoints(Kind.EMBEDDING, Direction.FORWARD, operations, times, np.arange(8) % 4)
    chosen, scores = choose_law(points)
    why = {score.form: score.why_none for score in scores}
    assert chosen.form == "additive"
    assert chosen.error_share < 1e-3
    assert "needs FLOPs above 0" in why["efficiency"]
    assert "needs at least 10" in why["product"]
    with pytest.raises(Fault, match="embedding forward: the law `efficiency` needs FLOPs"):
        choose_law(points, ["efficiency"])


def test_a_cache_is_found_where_times_bend():
    """Elementwise kernels: within 4 MB 1e-10 s per byte, beyond three times as much."""
    moved = np.geomspace(1e4, 1e8, 40)
    times = 5e-6 + 1e-10 * moved + 2e-10 * np.maximum(0, moved - 4e6)
    operations = [Operation(Kind.ELEMENTWISE, one / 8, one) for one in moved]
    chosen, scores = choose_law(
        KernelPoints(Kind.ELEMENTWISE, Direction.FORWARD, operations, times, np.arange(40) % 8)
    )
    assert chosen.form == "cached"
    assert chosen.coefficients["cache_bytes"] == pytest.approx(4e6, rel=0.02)
    assert chosen.coefficients["beyond_byte_s"] == pytest.approx(2e-10, rel=0.02)
    assert {score.form: score.error_share for score in scores}["affine"] > 0.1
    with pytest.raises(Fault, match="`cached` needs bytes that differ"):
        LAWS["cached"].fitted(sizes_from(np.geomspace(1, 9, 10)), np.ones(10))


def test_a_roof_that_no_point_reaches_is_left_out():
    flops = np.geomspace(1e6, 1e9, 12)
    found = LAWS["roofline"].fitted(sizes_from(flops, flops * 1e-9), flops * 2e-11)
    assert found["byte_s"] == 0
    assert found["flop_s"] == pytest.approx(2e-11)


def test_the_efficiency_law_is_equation_four():
    """By hand: 0.7 (1 - exp(-10 x 0.1)) = 0.4425."""
    assert efficiency_law(0.1, 0.7, 10, 1) == pytest.approx(0.7 * (1 - np.exp(-1)))
    assert efficiency_law(np.zeros((2, 3)), 0.7, 10, 0.8).tolist() == [[0, 0, 0]] * 2
    assert paper_pseudo_us(np.array([2.0])) == pytest.approx([2e4])


BAD = {
    "zero": ({"time_s": (2, 0.0)}, "the time at position 2 is 0.0 s: expected seconds above 0"),
    "negative": ({"time_s": (1, -1.0)}, "the time at position 1 is -1.0 s"),
    "missing": ({"time_s": (0, np.nan)}, "the time at position 0 is nan s"),
    "endless": ({"time_s": (0, np.inf)}, "the time at position 0 is inf s"),
    "flops": ({"flops": (3, np.nan)}, "FLOPs at position 3 are nan: expected a finite number >= 0"),
    "bytes": ({"bytes_moved": (4, -1)}, "bytes at position 4 are -1.0"),
}


@pytest.mark.parametrize("case", BAD)
@pytest.mark.parametrize("form", ["affine", "roofline", "efficiency", "additive"])
def test_bad_numbers_are_refused_in_a_sentence(form, case):
    columns = {
        "flops": np.geomspace(1e6, 1e9, 12),
        "bytes_moved": np.geomspace(1e4, 1e6, 12),
        "time_s": np.geomspace(1e-5, 1e-2, 12),
    }
    changes, message = BAD[case]
    for name, (at, value) in changes.items():
        columns[name][at] = value
    with pytest.raises(Fault, match=message):
        LAWS[form].fit(
            columns["flops"], columns["bytes_moved"], None, None, columns["time_s"], np.arange(12) % 3
        )


@pytest.mark.parametrize("form", LAWS)
def test_too_few_points_and_one_group_are_refused(form):
    law = LAWS[form]
    operations, groups = products()
    sizes = sizes_of(operations)
    times = made_times("affine", operations)
    few = np.arange(law.least_points - 1)
    with pytest.raises(Fault, match=f"{len(few)} points are too few: .* needs at least {law.least_points}"):
        law.fit_sizes(sizes.taken(few), times[few], groups[few])
    with pytest.raises(Fault, match=r"all belong to one group \(64\): .* give at least two"):
        law.fit_sizes(sizes, times, np.full(len(times), 64))
    uneven = np.where(np.arange(len(times)) > 0, "most", "one")
    with pytest.raises(Fault, match=f"without the largest group only 1 points are left for the law `{form}`"):
        law.fit_sizes(sizes, times, uneven)
    with pytest.raises(Fault, match="3 groups for 60 times"):
        law.fit_sizes(sizes, times, np.arange(3))
    with pytest.raises(Fault, match=r"FLOPs have the shape \(60,\), times \(59,\)"):
        law.fit_sizes(sizes, times[1:], groups[1:])


def test_unknown_forms_and_parameters_out_of_range_are_refused():
    law = TimeLaw("cubic", {}, 0.1, 5, 1, 2)
    with pytest.raises(Fault, match=r"the law 'cubic' is unknown: .* calibrate again"):
        law_time_s(law, Operation(Kind.LINEAR, 1, 1))
    with pytest.raises(Fault, match="linear forward: the law 'cubic' is unknown"):
        choose_law(points_of("affine"), ["cubic"])
    with pytest.raises(Fault, match="no form was given"):
        choose_law(points_of("affine"), [])
    with pytest.raises(Fault, match="form 'hill' is unknown"):
        efficiency_law(1.0, 0.5, 1, 1, form="hill")
    with pytest.raises(Fault, match="must all be above 0"):
        efficiency_law(1.0, 0.5, 0, 1)
    with pytest.raises(Fault, match="negative or missing"):
        efficiency_law([1.0, np.nan], 0.5, 1, 1)
    with pytest.raises(Fault, match="the peak is 0 FLOP/s"):
        EfficiencyLaw(0)


@settings(max_examples=30, deadline=None)
@given(labels=st.lists(st.integers(0, 12), min_size=2, max_size=80).filter(lambda one: len(set(one)) > 1))
def test_folds_keep_groups_whole_and_are_never_empty(labels):
    folds = group_folds(labels)
    assert len(set(folds.tolist())) == min(5, len(set(labels)))
    for label in set(labels):
        assert len({int(fold) for fold, one in zip(folds, labels, strict=True) if one == label}) == 1


def test_left_out_groups_are_judged_by_fits_without_them():
    """One width is four times slower: its own fold tells, a fit with it would not see so much."""
    operations, groups = products()
    times = made_times("affine", operations) * np.where(groups == WIDTHS[-1], 4.0, 1.0)
    law = LAWS["affine"].fit_sizes(sizes_of(operations), times, groups)
    slow = np.mean(groups == WIDTHS[-1])
    assert law.error_share > 0.6 * slow
    assert mean_error_share(np.array([1.1, 0.9]), np.ones(2)) == pytest.approx(0.1)


def test_a_law_is_evaluated_without_scipy():
    code = (
        "import sys\n"
        "from wattshed.law.efficiency.laws import law_time_s\n"
        "from wattshed.law.operations.operation import Kind, Operation\n"
        "from wattshed.law.profile.device_profile import TimeLaw\n"
        "law = TimeLaw('affine', {'start_s': 1e-6, 'flop_s': 1e-12}, 0.1, 5, 1, 2)\n"
        "assert law_time_s(law, Operation(Kind.LINEAR, 1e6, 1)) == 2e-6\n"
        "assert not {'scipy', 'torch', 'pandas', 'sklearn'} & set(sys.modules), 'a heavy package was imported'"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_rows_that_do_not_fill_the_lanes_take_as_long_as_full_ones():
    """And calls beyond the threshold pay for their pages, by the same padded bytes."""
    law, truth = LAWS["paged"], TRUTHS["additive"] | PAGES | {"flop_s": 0.0, "byte_s": 0.0}

    def made(columns, rows=64):
        values = rows * columns
        return Operation(Kind.LSTM_ELEMENTWISE, 9 * values, 44 * values, rows=rows, inner=1, columns=columns)

    assert law.time_s(truth, made(8)) == pytest.approx(law.time_s(truth, made(16)))
    assert law.time_s(truth, made(17)) == pytest.approx(law.time_s(truth, made(32)))
    small, large = made(16, rows=1500), made(16, rows=1600)
    assert small.bytes_moved < truth["page_bytes"] < large.bytes_moved
    jump = law.time_s(truth, large) - law.time_s(truth, small)
    assert jump == pytest.approx(3e-10 * large.bytes_moved + 1e-11 * 9 * 16 * 100)
