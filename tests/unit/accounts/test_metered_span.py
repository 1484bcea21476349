"""Which part of a study's time its meter saw."""

import pandas as pd
import pytest

from wattshed.accounts.runs.metered_span import metered_span


def runs(*spans):
    """spans: (begin [s after 08:00], duration [s])."""
    began = [f"2026-01-05T08:{int(begin // 60):02d}:{begin % 60:06.3f}+00:00" for begin, _ in spans]
    return pd.DataFrame({"last_began_utc": began, "last_duration_s": [float(length) for _, length in spans]})


@pytest.mark.parametrize(
    ("spans", "metered_s", "unmetered_s"),
    [
        ([(0, 10)], 10, 0),
        ([(15, 5), (0, 10)], 15, 5),
        ([(0, 10), (5, 10)], 15, 0),
        ([(0, 30), (5, 10), (32, 1)], 31, 2),
        ([(0, 10), (10, 10)], 20, 0),
    ],
)
def test_jobs_at_once_count_once_and_gaps_between_jobs_are_not_metered(spans, metered_s, unmetered_s):
    found = metered_span(runs(*spans))
    assert (found.metered_s, found.unmetered_s) == pytest.approx((metered_s, unmetered_s))


def test_a_study_that_was_resumed_later_did_not_run_in_between():
    found = metered_span(runs((0, 10), (12, 8), (600, 20)))
    assert (found.metered_s, found.unmetered_s) == pytest.approx((38, 2))
    assert found.share == pytest.approx(0.95)


def test_jobs_of_unknown_time_are_left_out():
    known = runs((0, 10))
    assert metered_span(pd.concat([known, known.assign(last_began_utc=None)])).metered_s == 10
    assert metered_span(known.assign(last_duration_s=None)) is None
