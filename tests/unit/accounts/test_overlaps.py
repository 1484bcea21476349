"""Machine-wide energies are never added twice: simulated machines, read by several jobs at once."""

import itertools
import math
import os
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattshed.accounts.marks.overlaps import NAMED_JOBS, share_overlaps
from wattshed.energy.ledger.attempts import attempt_duration_s, attempt_energy
from wattshed.energy.ledger.reading import Attempt, JobLedger
from wattshed.foundation.faults import Fault

BEGAN = datetime(2026, 1, 5, 8, tzinfo=UTC)
KWH = 1 / 3.6e6


def machine_j(at_s):
    """A machine of 200 to 400 W, swinging every 40 s."""
    return 300 * at_s - 100 * 40 / (2 * math.pi) * math.cos(2 * math.pi * at_s / 40)


class Jobs:
    """Ledgers in memory: jobs that read the made-up machine, as :func:`share_overlaps` sees them."""

    def __init__(self):
        self.rows, self.ledgers = [], {}

    def add(
        self, name, *spans, host="a", boot=None, tick_s=5.0, gpus=(), read=True, ended_s=None, cores=None
    ):
        attempts = [self._attempt(start, end, tick_s, gpus, read, cores) for start, end in spans]
        self.ledgers[name] = JobLedger(name, attempts)
        total = [attempt_energy(attempt) for attempt in attempts]
        kwh = {}
        for part in ("cpu", "ram"):
            parts = [energy[part]["kwh"] for energy in total]
            kwh[f"{part}_kwh"] = None if None in parts else sum(parts)
        on_gpus = [part["kwh"] for energy in total for key, part in energy.items() if key.startswith("gpu")]
        kwh["gpu_kwh"] = sum(on_gpus) if on_gpus else None
        known = [value for value in kwh.values() if value is not None]
        self.rows.append(
            {
                "job": name,
                "path": name,
                "host": host,
                "boot_id": boot,
                "energy_kwh": sum(known) if known else None,
                **kwh,
                "began_utc": attempts[0].began_utc,
                "ended_utc": _utc(spans[-1][1] if ended_s is None else ended_s),
                "last_began_utc": attempts[-1].began_utc,
                "last_duration_s": attempt_duration_s(attempts[-1]),
            }
        )
        return self

    def shared(self, read=None):
        frame = pd.DataFrame(self.rows)
        for name in ("cpu", "ram", "gpu", "energy"):
            frame[f"{name}_kwh"] = frame[f"{name}_kwh"].astype("float64")
        return share_overlaps(frame, read or (lambda path: self.ledgers[str(path)])).set_index("job")

    def _attempt(self, start_s, end_s, tick_s, gpus, read, cores):
        def energy(at_s):
            kwh = (machine_j(at_s) - machine_j(start_s)) * KWH if read else None
            return {"cpu": kwh, "ram": None, **dict.fromkeys((f"gpu{index}" for index, _ in gpus), kwh)}

        def use(seconds):
            if cores is None:
                return {}
            return {"use": {"own_cpu_s": float(cores * seconds), "others_cpu_s": None}}

        steps = np.arange(start_s + tick_s, end_s, tick_s) if tick_s else []
        return Attempt(
            {"machine": {"gpus": [{"index": index, "uuid": uuid} for index, uuid in gpus]}},
            {"began_utc": _utc(start_s)},
            ticks=[
                {"at_s": float(at_s - start_s), "energy": energy(at_s), **use(at_s - start_s)}
                for at_s in steps
            ],
            end={
                "duration_s": float(end_s - start_s),
                **use(end_s - start_s),
                "energy": {
                    name: {"kwh": kwh, "status": "missing" if kwh is None else "measured", "source": "s"}
                    for name, kwh in energy(end_s).items()
                },
            },
        )


def _utc(at_s):
    return (BEGAN + timedelta(seconds=at_s)).isoformat()


def union_j(spans):
    cuts = sorted({edge for span in spans for edge in span})
    return sum(
        machine_j(end) - machine_j(start)
        for start, end in itertools.pairwise(cuts)
        if any(first <= start and end <= last for first, last in spans)
    )


long_spans = st.tuples(st.integers(0, 200), st.integers(60, 300)).map(lambda s: (s[0], s[0] + s[1]))


@settings(max_examples=100, deadline=None)
@given(st.lists(long_spans, min_size=8, max_size=8))
def test_eight_jobs_sum_to_the_machine_within_two_percent(spans):
    jobs = Jobs()
    for number, span in enumerate(spans):
        jobs.add(f"job-{number}", span)
    found = jobs.shared()
    truth_kwh = union_j(spans) * KWH
    assert found["attributed_kwh"].sum() == pytest.approx(truth_kwh, rel=0.02)
    assert (found["attributed_kwh"] <= found["energy_kwh"] * 1.02).all()


any_spans = st.tuples(st.integers(0, 40), st.integers(1, 15)).map(lambda s: (s[0], s[0] + s[1]))


@given(st.lists(st.tuples(any_spans, st.sampled_from("ab")), min_size=1, max_size=12))
def test_the_jobs_named_are_those_that_comparing_every_pair_finds(placed):
    jobs = Jobs()
    for number, (span, host) in enumerate(placed):
        jobs.add(f"{number:02d}", span, host=host)
    found = jobs.shared()["overlaps"]
    for number, ((start, end), host) in enumerate(placed):
        met = [
            f"{other:02d}"
            for other, ((first, last), where) in enumerate(placed)
            if other != number and where == host and first < end and start < last
        ]
        assert (None if pd.isna(found.iloc[number]) else found.iloc[number]) == (", ".join(met) or None)


def test_the_machine_is_shared_by_own_processor_seconds():
    span = (0, 100)
    shared = (
        Jobs().add("light", span, cores=0.2).add("heavy", span, cores=0.8).shared()["attributed_kwh"] / KWH
    )
    assert shared["light"] == pytest.approx(0.2 * union_j([span]))
    assert shared["heavy"] == pytest.approx(0.8 * union_j([span]))
    half = Jobs().add("known", span, cores=0.2).add("unknown", span).shared()["attributed_kwh"] / KWH
    assert half.tolist() == pytest.approx([0.5 * union_j([span])] * 2)


def test_ledgers_whose_names_are_not_utf_8_are_found_again_to_share_the_machine():
    span = (0, 100)
    name = os.fsdecode(b"caf\xe9")
    jobs = Jobs().add("a", span).add("b", span)
    jobs.rows[0]["path"] = "caf\\xe9"
    jobs.ledgers[name] = jobs.ledgers.pop("a")
    assert jobs.shared()["attributed_kwh"].sum() / KWH == pytest.approx(union_j([span]))


def test_containers_with_names_of_their_own_are_one_machine_and_two_boots_are_not():
    span = (0, 100)
    shared = Jobs().add("a", span, host="c1", boot="b").add("b", span, host="c2", boot="b").shared()
    assert shared["attributed_kwh"].sum() / KWH == pytest.approx(union_j([span]))
    assert shared["overlaps"].tolist() == ["b", "a"]
    apart = Jobs().add("a", span, host="node", boot="b1").add("b", span, host="node", boot="b2").shared()
    assert apart["overlaps"].isna().all()
    assert apart["attributed_kwh"].sum() / KWH == pytest.approx(2 * union_j([span]))


def test_a_job_alone_keeps_its_energy_to_the_last_digit():
    found = Jobs().add("x", (0, 10)).add("y", (10, 20)).add("z", (5, 15), host="b").shared()
    assert found["overlaps"].isna().all()
    assert (found["attributed_kwh"] == found["energy_kwh"]).all()


def test_jobs_on_different_gpus_share_the_processor_and_not_the_cards():
    found = Jobs().add("x", (0, 10), gpus=[(0, "U0")]).add("y", (0, 10), gpus=[(1, "U1")]).shared()
    assert found["attributed_gpu_kwh"].tolist() == found["gpu_kwh"].tolist()
    assert found["attributed_cpu_kwh"].tolist() == pytest.approx((found["cpu_kwh"] / 2).tolist())


def test_jobs_that_read_the_same_card_share_it_whatever_index_they_gave_it():
    found = Jobs().add("x", (0, 10), gpus=[(0, "U0")]).add("y", (0, 10), gpus=[(3, "U0")]).shared()
    assert found["attributed_gpu_kwh"].sum() == pytest.approx(found["gpu_kwh"].iloc[0])


def test_a_job_without_readings_is_named_and_stays_unknown():
    found = Jobs().add("x", (0, 10)).add("blind", (2, 8), read=False).shared()
    assert found["overlaps"].tolist() == ["blind", "x"]
    assert math.isnan(found.loc["blind", "attributed_kwh"])
    assert found.loc["x", "attributed_kwh"] == pytest.approx(found.loc["x", "energy_kwh"])


def test_attempts_that_lie_around_another_job_do_not_overlap_it():
    found = Jobs().add("resumed", (0, 10), (50, 60)).add("between", (20, 40)).shared()
    assert found["overlaps"].isna().all()
    assert found["attributed_kwh"].tolist() == pytest.approx(found["energy_kwh"].tolist())


def test_windows_shape_the_curve_of_a_job_without_ticks():
    """Ten idle seconds at 36 W, then ten at 360 W; another job ran in the first ten only."""
    jobs = Jobs().add("x", (0, 20), tick_s=None).add("y", (0, 10), tick_s=None)
    for name, kwh in (("x", 11e-4), ("y", 1e-4)):
        jobs.ledgers[name].attempts[0].end["energy"]["cpu"]["kwh"] = kwh
    part = {"cpu": {"kwh": 1e-3, "status": "measured", "source": "s"}}
    jobs.ledgers["x"].attempts[0].windows.append({"start_s": 10.0, "end_s": 20.0, "energy": part})
    found = jobs.shared()
    assert found["attributed_kwh"].tolist() == pytest.approx([10.5e-4, 0.5e-4])


def test_a_clock_set_forward_makes_a_job_no_longer():
    found = Jobs().add("jumped", (0, 10), ended_s=3610).add("next", (30, 40)).shared()
    assert found["overlaps"].isna().all()


def test_a_ledger_that_changed_meanwhile_leaves_its_share_unknown():
    jobs = Jobs().add("x", (0, 10)).add("gone", (0, 10))

    def read(path):
        if str(path) == "gone":
            raise Fault("gone.jsonl.part does not exist")
        return jobs.ledgers[str(path)]

    found = jobs.shared(read)
    assert found.loc["gone", "overlaps"] == "x"
    assert math.isnan(found.loc["gone", "attributed_kwh"])


def test_only_the_first_of_very_many_jobs_are_named():
    jobs = Jobs().add("long", (0, 1000), tick_s=None)
    for number in range(60):
        jobs.add(f"j{number:02d}", (10 * number, 10 * number + 10), tick_s=None)
    found = jobs.shared()
    assert found.loc["long", "overlaps"].count(",") == NAMED_JOBS - 1
    assert found.loc["long", "overlaps"].endswith(" and more")
    assert found.loc["j00", "overlaps"] == "long"
    truth_kwh = (machine_j(1000) - machine_j(0)) * KWH
    assert found["attributed_kwh"].sum() == pytest.approx(truth_kwh, rel=0.02)
