"""A job within a job is counted once."""

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
    """jobs: (record, record that started its process, own energy [kWh], part that later jobs of its process count)."""
    frame = pd.DataFrame(jobs, columns=["record_id", "outer_record", "energy_kwh", "covered_cpu_kwh"])
    frame = frame.assign(
        cpu_kwh=frame["energy_kwh"],
        ram_kwh=float("nan"),
        gpu_kwh=float("nan"),
        covered_ram_kwh=float("nan"),
        covered_gpu_kwh=float("nan"),
        energy_scope="own",
    )
    for name in ("", "cpu_", "ram_", "gpu_"):
        frame[f"attributed_{name}kwh"] = frame[f"{name}kwh" if name else "energy_kwh"]
    return frame.assign(flags=pd.array([pd.NA] * len(frame), dtype="string"))


@pytest.mark.parametrize(
    ("jobs", "attributed"),
    [
        ([("a", None, 5.0, None), ("b", "a", 2.0, None)], [3.0, 2.0]),
        # A process within a process within a process.
        ([("a", None, 5.0, None), ("b", "a", 2.0, None), ("c", "b", 0.5, None)], [3.0, 1.5, 0.5]),
        # Two jobs of one process, of which the later one counts the common part.
        ([("a", None, 5.0, 2.0), ("b", None, 3.0, None)], [3.0, 3.0]),
        # The same in a process that a third one started.
        ([("o", None, 9.0, None), ("a", "o", 5.0, 2.0), ("b", "o", 3.0, None)], [3.0, 3.0, 3.0]),
        ([("a", None, 5.0, None), ("b", "gone", 2.0, None)], [5.0, 2.0]),
        ([("a", None, 1.0, None), ("b", "a", 2.0, None)], [0.0, 2.0]),
        ([("a", "a", 5.0, None)], [5.0]),
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
    frame = runs(("a", None, 5.0, None)).drop(columns="outer_record")
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


PROGRAMS = {
    "one ends first": """
        first = metered("first", quiet=True).start()
        burn(0.4)
        second = metered("second", quiet=True).start()
        burn(0.4)
        first.stop()
        time.sleep(1)
        burn(0.4)
        second.stop()
    """,
    "threads within a block": """
        def work(name):
            with metered(name, ledger=f"ledgers/{name}.jsonl", quiet=True):
                burn(0.3)
        with metered("around", quiet=True):
            threads = [threading.Thread(target=work, args=(name,)) for name in "abc"]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            burn(0.2)
    """,
    "forks": """
        with metered("parent", quiet=True):
            burn(0.3)
            if os.fork() == 0:
                with metered("child", quiet=True):
                    burn(0.3)
                os._exit(0)
            os.wait()
    """,
}


@pytest.mark.parametrize("program", PROGRAMS.values(), ids=list(PROGRAMS))
def test_blocks_that_overlap_in_one_program_sum_to_its_processor_time(tmp_path, program):
    head = """
        import os, threading, time
        from wattshed import metered
        def burn(seconds):
            end_s = time.thread_time() + seconds
            while time.thread_time() < end_s: pass
    """
    tail = f"""
        used = os.times()
        print(used.user + used.system + used.children_user + used.children_system, os.environ.get({VARIABLE!r}))
    """
    code = "".join(textwrap.dedent(part) for part in (head, program, tail))
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, check=True, capture_output=True, text=True
    )
    seconds, variable = done.stdout.split()
    assert variable == "None"
    found = collect(tmp_path).runs
    per_second = (found["cpu_kwh"] / found["own_cpu_s"]).iloc[0]
    attributed_s = found["attributed_cpu_kwh"].sum() / per_second
    # What the program did outside of its blocks is in none of them.
    assert attributed_s <= float(seconds)
    assert attributed_s >= found["own_cpu_s"].max() * 0.999
    assert found["own_cpu_s"].sum() > 1.2 * attributed_s, "the blocks do not overlap"
