"""A job within a job is counted once."""

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pandas as pd
import pytest

from wattshed.accounts.marks.nested import LESS_INNER, take_out_inner
from wattshed.accounts.runs.collect import collect
from wattshed.energy.ledger.nesting import VARIABLE


def runs(*jobs):
    """jobs: (record, outer record, begin [s], duration [s], own energy [kWh])."""
    frame = pd.DataFrame(
        jobs, columns=["record_id", "outer_record", "begin_s", "last_duration_s", "energy_kwh"]
    )
    frame["last_began_utc"] = [f"2026-01-05T08:00:{begin:02d}+00:00" for begin in frame["begin_s"]]
    frame = frame.assign(
        cpu_kwh=frame["energy_kwh"], ram_kwh=float("nan"), gpu_kwh=float("nan"), energy_scope="own"
    )
    for name in ("", "cpu_", "ram_", "gpu_"):
        frame[f"attributed_{name}kwh"] = frame[f"{name}kwh" if name else "energy_kwh"]
    return frame.assign(flags=pd.array([pd.NA] * len(frame), dtype="string"))


@pytest.mark.parametrize(
    ("jobs", "attributed"),
    [
        ([("a", None, 0, 10, 5.0), ("b", "a", 2, 4, 2.0)], [3.0, 2.0]),
        ([("a", None, 0, 10, 5.0), ("b", "a", 2, 4, 2.0), ("c", "b", 3, 1, 0.5)], [3.0, 1.5, 0.5]),
        # It runs on after the outer one has ended: half of its time was within it.
        ([("a", None, 0, 10, 10.0), ("b", "a", 5, 10, 10.0)], [5.0, 10.0]),
        ([("a", None, 0, 10, 5.0), ("b", "gone", 2, 4, 2.0)], [5.0, 2.0]),
        ([("a", None, 0, 10, 1.0), ("b", "a", 2, 4, 2.0)], [0.0, 2.0]),
        ([("a", "a", 0, 10, 5.0)], [5.0]),
    ],
)
def test_the_inner_job_keeps_its_energy_and_the_outer_one_the_rest(jobs, attributed):
    found = take_out_inner(runs(*jobs))
    assert found["attributed_kwh"].tolist() == pytest.approx(attributed)
    assert found["attributed_cpu_kwh"].tolist() == pytest.approx(attributed)
    assert found["attributed_gpu_kwh"].isna().all()
    lessened = [after != before for after, before in zip(attributed, found["energy_kwh"], strict=True)]
    assert found["flags"].eq(LESS_INNER).fillna(False).tolist() == lessened


def test_frames_of_other_records_stay_as_they_are():
    frame = runs(("a", None, 0, 10, 5.0)).drop(columns="outer_record")
    assert take_out_inner(frame) is frame


WATTSHED = str(Path(sys.executable).parent / "wattshed")
INNER = textwrap.dedent("""
    import time
    from wattshed import metered
    def burn(seconds):
        end_s = time.process_time() + seconds
        while time.process_time() < end_s: pass
    burn(0.3)
    with metered("inner", quiet=True):
        burn(0.7)
""")


def test_a_metered_program_under_measure_counts_once(tmp_path):
    subprocess.run(
        [WATTSHED, "measure", "--idle-s", "0", "--", sys.executable, "-c", INNER],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    found = collect(tmp_path).runs
    assert len(found) == 2
    (outer,) = (row for _, row in found.iterrows() if pd.isna(row["outer_record"]))
    (inner,) = (row for _, row in found.iterrows() if pd.notna(row["outer_record"]))
    assert inner["outer_record"] == outer["record_id"]
    assert outer["energy_kwh"] > inner["energy_kwh"] > 0
    assert found["attributed_kwh"].sum() == pytest.approx(outer["energy_kwh"], rel=1e-6)
    assert outer["flags"].endswith(LESS_INNER)


def test_handles_in_one_process_count_once(tmp_path):
    program = """
        import os, time
        from wattshed import metered
        def burn(seconds):
            end_s = time.process_time() + seconds
            while time.process_time() < end_s: pass
        first = metered("first", quiet=True).start()
        burn(0.4)
        second = metered("second", quiet=True).start()
        burn(0.4)
        first.stop()
        burn(0.4)
        second.stop()
        print(os.environ.get(VARIABLE))
    """.replace("VARIABLE", repr(VARIABLE))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout.strip() == "None"
    found = collect(tmp_path).runs
    labels = found["labels"].map(lambda text: json.loads(text)["block"])
    by_block = found.set_index(labels)
    # Each held 0.8 s of the 1.2 s.
    total_s = 1.2 * by_block["own_cpu_s"].sum() / 1.6
    per_second = by_block["energy_kwh"].sum() / by_block["own_cpu_s"].sum()
    assert by_block["attributed_kwh"].sum() == pytest.approx(total_s * per_second, rel=0.15)
