"""The sweep over sizes of a study: its plan, and its rows beside the predictions."""

import torch

from made_law import make_profile
from wattshed.calibration.studies.sweep_job import sweep_frame
from wattshed.calibration.studies.sweep_plan import planned_points
from wattshed.config.energy.law import BaseSizes, LawSweepBlock
from wattshed.config.energy.metering import MeteringBlock
from wattshed.energy.metered_job import metered_job

SMALL = BaseSizes(batch=2, length=4, width=8, layers=1, heads=2, vocabulary=16)


def small(**more):
    sizes = {"layers": [1, 2], "width": [8, 16], "heads": [1, 2], "length": [4]}
    return LawSweepBlock(base=SMALL, **{**sizes, **more})


def test_one_size_is_changed_at_a_time_and_the_feed_forward_part_grows_with_the_width():
    points = list(planned_points(small(families=["transformer"])))
    assert [(one.factor, one.value) for one in points] == [
        *(
            ("layers", 1),
            ("layers", 2),
            ("width", 8),
            ("width", 16),
            ("heads", 1),
            ("heads", 2),
            ("length", 4),
        ),
    ]
    for point in points:
        sizes = point.sizes
        assert sizes.feed_forward == 4 * sizes.width
        others = {"layers": 1, "width": 8, "heads": 2, "length": 4}
        others[point.factor] = point.value
        assert {name: getattr(sizes, name) for name in others} == others


def test_a_recurrent_network_has_no_heads_to_sweep():
    assert "heads" not in {one.factor for one in planned_points(small(families=["lstm", "gru"]))}


def test_every_point_has_its_measurement_and_one_that_factors_share_is_measured_once(tmp_path):
    metering = MeteringBlock(minimum_window_s=0.02, idle_s=0)
    with metered_job(
        tmp_path / "sweep.jsonl", stage="calibration", job="j", labels={}, metering=metering
    ) as meter:
        frame = sweep_frame(small(families=["transformer"]), make_profile(), meter, torch.device("cpu"))
    assert len(frame) == 7
    assert (frame["measured_s"] > 0).all()
    assert (frame["flops"] > 0).all()
    base = frame[(frame["layers"] == 1) & (frame["width"] == 8) & (frame["heads"] == 2)]
    assert len(base) == 4
    assert base["measured_s"].nunique() == 1
    # The made profile has no law for attention: no number is invented.
    assert frame["predicted_j"].isna().all()
    assert (frame["eta_share"] > 0).all()
    assert frame["time_power_j"].equals(frame["measured_s"] * 8.0)
