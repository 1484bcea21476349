import pandas as pd
import pytest

from wattshed.accounts.runs.wall_times import ALL, wall_times

HEAD = "s\th:m:s\tmax_rss\tcpu_time\n"


def write(folder, place, seconds, cpu):
    path = folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEAD}{seconds}\t0:00:01\t1.0\t{cpu}\n")


@pytest.fixture
def benchmarks(tmp_path):
    write(tmp_path, "training/train_model/gru.tsv", 10.0, 8.0)
    write(tmp_path, "training/train_model/stgnn.tsv", 20.0, 18.0)
    write(tmp_path, "training/fit_baselines.tsv", 5.0, 4.0)
    write(tmp_path, "training/forecast_test.tsv", 4.0, 3.0)
    write(tmp_path, "training/score_forecasts.tsv", 2.0, 1.5)
    write(tmp_path, "data/build_panel.tsv", 1.0, "NA")
    write(tmp_path, "publish/make_table_nodes.tsv", 3.0, 1.0)
    return tmp_path


def runs(**seconds):
    return pd.DataFrame({"stage": list(seconds), "duration_s": list(seconds.values())})


def test_each_stage_has_its_wall_time_and_what_was_metered_of_it(benchmarks):
    frame = wall_times(benchmarks, runs(training=28.0, inference=3.0, superseded=99.0)).set_index("part")
    assert list(frame.index) == ["training", "inference", "data", "scores and verdicts", "publishing", ALL]
    assert frame.loc["training", ["jobs", "wall_s", "metered_s"]].tolist() == [3, 35.0, 28.0]
    assert frame.loc["scores and verdicts", "metered_s"] == 0
    # A value that Snakemake could not take counts as 0.
    assert frame.loc["data", ["wall_s", "cpu_s"]].tolist() == [1.0, 0.0]


def test_the_last_row_is_the_sum_of_all_others(benchmarks):
    frame = wall_times(benchmarks, runs(training=28.0)).set_index("part")
    parts = frame.drop(index=ALL)
    for column in ("jobs", "wall_s", "cpu_s", "metered_s"):
        assert frame.loc[ALL, column] == pytest.approx(parts[column].sum())
    assert frame.loc[ALL, "wall_s"] == 45.0


def test_a_study_without_benchmark_files_has_no_rows(tmp_path):
    assert wall_times(tmp_path / "none", runs(training=1.0)).empty


@pytest.mark.parametrize("begun", ["", HEAD, f"{HEAD}12", f"{HEAD}12.7\t0:00:12\t1.0\t1"])
def test_a_job_whose_file_is_still_being_written_is_not_counted(benchmarks, begun):
    (benchmarks / "training/half_written.tsv").write_text(begun)
    frame = wall_times(benchmarks, runs(training=28.0)).set_index("part")
    assert frame.loc["scores and verdicts", "jobs"] == 1


@pytest.mark.parametrize("untaken", ["NA", "nan", "inf", "-", ""])
def test_a_time_that_could_not_be_taken_counts_as_0(tmp_path, untaken):
    write(tmp_path, "data/build_panel.tsv", untaken, untaken)
    frame = wall_times(tmp_path, runs(training=1.0)).set_index("part")
    assert frame.loc[ALL, ["jobs", "wall_s", "cpu_s"]].tolist() == [1, 0.0, 0.0]
