"""``wattshed clocks compare`` on recordings that hold cold runs."""

import json

import pandas as pd
import pytest

from clock_choices import made_sweep
from wattshed.commands.main import main


def warm_runs(**keys):
    frame = made_sweep(gpu="a100", gpu_uuid=None, **keys)
    return frame[frame["warm"]].sort_values("order").reset_index(drop=True)


def slower(frame, chosen, factor=5.0):
    """A copy in which the chosen rows wait at 60 W before they compute, as during a download."""
    frame = frame.copy()
    waited_s = (factor - 1) * frame.loc[chosen, "time_s"]
    frame.loc[chosen, "energy_j"] += 60 * waited_s
    frame.loc[chosen, "time_s"] += waited_s
    frame["power_w"] = frame["energy_j"] / frame["time_s"]
    return frame


@pytest.fixture
def compare(tmp_path, capsys):
    def call(frame, *options):
        frame.to_parquet(tmp_path / "runs.parquet")
        code = main(
            ["clocks", "compare", str(tmp_path / "runs.parquet"), str(tmp_path / "runs.parquet"), *options]
        )
        shown = capsys.readouterr()
        assert not shown.err
        return code, shown.out

    return call


def two_settings(cold):
    """1410 MHz five times, then 990 MHz five times."""
    runs = warm_runs(repeats=6, settings=(990, 1410), ordered=True)
    runs = runs[runs["repeat"] <= 5].reset_index(drop=True)
    return slower(runs, runs.index[:cold]) if cold else runs


@pytest.mark.parametrize(("cold", "left"), [(0, 5), (1, 4)])
def test_a_cold_first_run_does_not_decide_before_and_after(compare, cold, left):
    """As it did: with the cold run the interval of 1410 MHz reaches from -90 % to far above 0."""
    words = ("--before", "1410", "--after", "990")
    code, said = compare(two_settings(cold), *words, "--json")
    assert code == 0
    (cell,) = json.loads(said)["cells"]
    assert cell["aside_before"] == {"cold": cold, "hot": 0}
    assert cell["aside_after"] == {"cold": 0, "hot": 0}
    (energy,) = (one for one in cell["changes"] if one["quantity"] == "energy_j")
    assert (energy["before_n"], energy["after_n"]) == (left, 5)
    assert energy["change_low"] < energy["change_share"] < energy["change_high"] < 0
    code, said = compare(two_settings(cold), *words)
    assert ("Left out: 1 cold run of before." in said) == bool(cold)
    assert "less energy is shown" in said


def test_what_is_left_of_cold_runs_is_said_on_the_page(compare, tmp_path):
    output = tmp_path / "out"
    assert compare(two_settings(1), "--before", "1410", "--after", "990", "--output", str(output))[0] == 0
    page = (output / "comparison.html").read_text()
    assert "Left out: 1 cold run of before." in page
    assert "Cold and hot runs are left out" in page


def test_a_setting_that_is_cold_as_a_whole_decides_nothing(compare, tmp_path):
    """The published 91.6 %: a sweep from the highest clock down that began with a download."""
    runs = warm_runs(ordered=True)
    cold = slower(runs, runs["setting"] == 1410)
    output = tmp_path / "out"
    code, said = compare(cold, "--before", "1410", "--after", "990", "--output", str(output))
    assert code == 3
    assert "undecided, because no run of one side counts. Left out: 5 cold runs of before." in said
    assert "less energy" not in said
    assert "undecided" in (output / "comparison.html").read_text()
    # The other settings still carry an answer.
    assert compare(cold, "--before", "1350", "--after", "990")[0] == 0


def test_a_cold_run_among_three_alone_is_named_and_decides_nothing(tmp_path, capsys):
    """A recording of three runs knows its noise from two differences, and the cold run is in one of them."""
    runs = two_settings(0)
    runs = runs[runs["repeat"] <= 3].reset_index(drop=True)
    runs = slower(runs, runs.index[:1])
    for name, setting in (("before", 1410), ("after", 990)):
        runs[runs["setting"] == setting].to_parquet(tmp_path / f"{name}.parquet")
    names = [str(tmp_path / f"{name}.parquet") for name in ("before", "after")]
    assert main(["clocks", "compare", *names, "--before", "1410", "--after", "990"]) == 3
    said = capsys.readouterr().out
    assert "Left out" not in said
    assert "One run that counts took" in said


def test_cold_first_runs_do_not_make_two_recordings_differ(tmp_path, capsys):
    january, june = warm_runs(), warm_runs(seed=1)
    january = slower(january, january.index[:3])
    for name, frame in (("january", january), ("june", june)):
        frame.to_parquet(tmp_path / f"{name}.parquet")
    names = [str(tmp_path / f"{name}.parquet") for name in ("january", "june")]
    assert main(["clocks", "compare", *names, "--json"]) == 0
    (cell,) = json.loads(capsys.readouterr().out)["cells"]
    assert cell["aside_first"] == {"cold": 3, "hot": 0}
    assert cell["aside_second"] == {"cold": 0, "hot": 0}
    counted = {(one["setting_before"], one["before_n"]) for one in cell["settings"]}
    gone = january["setting"].iloc[:3].value_counts()
    assert counted == {(setting, 5 - gone.get(setting, 0)) for setting in pd.unique(january["setting"])}
    assert main(["clocks", "compare", *names]) == 0
    assert "Left out: 3 cold runs of the first." in capsys.readouterr().out


def test_first_repeats_that_are_all_cold_are_left_out(compare):
    runs = warm_runs(ordered=True)
    first = slower(runs, runs["repeat"] == 1, factor=1.5)
    code, said = compare(first, "--before", "1410", "--after", "990", "--json")
    (cell,) = json.loads(said)["cells"]
    assert code == 0
    assert (cell["aside_before"]["cold"], cell["aside_after"]["cold"]) == (1, 1)


def test_runs_hotter_than_others_are_left_out_as_in_a_choice(compare):
    runs = warm_runs()
    (hot, *_) = runs.index[(runs["setting"] == 1410) & (runs["repeat"] == 4)]
    runs.loc[hot, "temperature_c"] = 80.0
    _, said = compare(runs, "--before", "1410", "--after", "990")
    assert "Left out: 1 hot run of before." in said
