"""``wattshed clocks predict``, from the command line to what it prints."""

import json

import numpy as np
import pandas as pd
import pytest

from made_cells import SETTINGS, made_cell, made_cells
from wattshed.commands.main import main


def table_of(cells, settings=SETTINGS):
    """Cells as a user's table: one run per setting."""
    parts = [
        pd.DataFrame(
            {
                "gpu": cell.gpu,
                "workload": cell.workload,
                "rep": 1,
                "freq_mhz": cell.settings.astype(int),
                "time_s": cell.time_s,
                "power_w": cell.power_w,
            }
        )
        for cell in cells
    ]
    frame = pd.concat(parts)
    return frame[frame["freq_mhz"].isin(settings)]


@pytest.fixture
def write(tmp_path):
    def put(name, cells, settings=SETTINGS):
        frame = table_of(cells, settings)
        frame.insert(0, "run", range(1, len(frame) + 1))
        path = tmp_path / name
        frame.to_csv(path, index=False)
        return str(path)

    return put


NEW = made_cell(0.42, base_w=65.0, workload="new")


def test_other_workloads_and_three_probes_predict_the_curve(write, capsys):
    probes = write("probes.csv", [NEW], (1500, 1050, 750))
    others = write("others.csv", made_cells(8))
    assert main(["clocks", "predict", probes, "--from", others, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["model"], len(found["learnt_from"]), found["left_out"]) == ("prior", 8, [])
    times = [row["time_s"] for row in found["settings"]]
    np.testing.assert_allclose(times, NEW.time_s, rtol=0.03)
    assert all(row["time_low_s"] <= row["time_s"] <= row["time_high_s"] for row in found["settings"])
    assert found["predicted_slowdown_share"] <= 0.05


def test_probes_alone_are_fitted_by_laws_and_written_as_a_table(write, tmp_path, capsys):
    probes = write("probes.csv", [NEW], (1500, 1050, 750))
    output = tmp_path / "predicted.csv"
    assert main(["clocks", "predict", probes, "--max-slowdown", "20%", "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert "from laws through the probes alone" in said
    assert "measure this setting against the maximum" in said
    table = pd.read_csv(output)
    assert (table["setting"].min(), table["setting"].max(), table["picked"].sum()) == (750, 1500, 1)


def test_the_workload_itself_and_other_knobs_teach_nothing(write, capsys):
    probes = write("probes.csv", [NEW], (1500, 1050, 750))
    others = write("others.csv", [NEW, *made_cells(8)[:3]])
    main(["clocks", "predict", probes, "--from", others, "--json"])
    assert json.loads(capsys.readouterr().out)["left_out"] == ["new on G: the workload that is predicted"]


def test_a_workload_that_only_the_clock_helps_keeps_the_maximum(write):
    bound = made_cell(1.0, base_w=200.0, workload="bound")
    assert main(["clocks", "predict", write("probes.csv", [bound], (1500, 1050, 750))]) == 1


@pytest.mark.parametrize(
    ("settings", "cells", "words"),
    [
        ((1500,), [NEW], "two more probes"),
        ((1500, 1050), [NEW, made_cell(workload="other")], "holds 2 GPUs and workloads"),
    ],
)
def test_probes_that_say_too_little_are_one_sentence(write, capsys, settings, cells, words):
    assert main(["clocks", "predict", write("probes.csv", cells, settings)]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_the_index_of_the_probes_gpu_is_not_asked_of_the_other_recordings(write, tmp_path, capsys):
    rows = ["timestamp, index, name, power.draw [W], clocks.current.sm [MHz]"]
    marks = ["run_id,frequency_mhz,start,end"]
    for number, clock in enumerate((1500, 1050, 750)):
        for step in range(120):
            second, part = divmod(number * 120 + step, 10)
            rows.append(
                f"2026/03/01 12:00:{second:02d}.{part}00, 0, NVIDIA A100, {clock / 5:.1f} W, {clock} MHz"
            )
        marks.append(f"{number}_01,{clock},{number * 12 + 1},{number * 12 + 10 + (1500 - clock) / 1000}")
    (tmp_path / "power.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "marks.csv").write_text("\n".join(marks) + "\n")
    probes = [str(tmp_path / "power.csv"), "--marks", str(tmp_path / "marks.csv"), "--workload", "new"]
    others = write("others.csv", made_cells(8))
    code = main(["clocks", "predict", *probes, "--gpu-index", "0", "--from", others, "--json"])
    told = capsys.readouterr()
    assert code in (0, 1), told.err
    assert len(json.loads(told.out)["learnt_from"]) == 8
