"""``wattshed recommend`` on made results."""

import json
import subprocess
import sys

import pytest
import yaml

from made_checkpoints import make_checkpoints
from wattshed.commands.main import main
from wattshed.foundation.writing import write_parquet, write_text

LINEAGES = {
    "net": {"rmse": 1.0, "total_j": 100.0, "per_1000_j": 2.0, "bytes": 10_000, "latency_s": 0.002},
    "net+half": {"rmse": 1.01, "total_j": 110.0, "per_1000_j": 1.0, "bytes": 4_000, "latency_s": 0.001},
    "net+tiny": {"rmse": 1.3, "total_j": 105.0, "per_1000_j": 0.2, "bytes": 1_000, "latency_s": 0.0005},
    "mixed": {"rmse": 0.5, "total_j": 1.0, "per_1000_j": 0.01},
}


def write_study(folder, seeds=3, **compression):
    checkpoints, days = make_checkpoints(LINEAGES, seeds)
    write_parquet(folder / "checkpoints.parquet", checkpoints)
    for model in checkpoints["model"].unique():
        own = days[days["lineage"].str.split("+").str[0] == model].reset_index(drop=True)
        write_parquet(folder / f"compared/{model}.days.parquet", own)
    models = {"net": {"graph": "given"}, "mixed": {"graph": "shuffled"}, "dlinear": {"graph": "given"}}
    baselines = ["ridge", "naive_week"]
    config = {
        "study": "made",
        "models": models,
        "baselines": baselines,
        "compression": {"error_budget_share": 0.05, **compression},
    }
    write_text(folder / "config.yaml", yaml.safe_dump(config))
    return folder


@pytest.fixture
def results(tmp_path):
    return write_study(tmp_path / "results")


def test_it_names_the_checkpoint_and_a_reason_for_every_other_one(results, capsys):
    assert main(["recommend", str(results)]) == 0
    first, _, *others, _, absent = capsys.readouterr().out.splitlines()
    assert absent.startswith("Not among the checkpoints")
    assert absent.startswith(
        "Not among the checkpoints: of dlinear, of which nothing is made, the errors by day"
    )
    assert (
        "the energy of a forecast in turns are not measured (name them in compression.also_measured)"
        in absent
    )
    assert absent.endswith(
        "the baselines ridge, naive_week make no checkpoint that these could be measured of."
    )
    assert first.startswith("Use net+half for 1,000,000 forecasts")
    assert [line.split()[0] for line in others] == ["net+half", "net", "net+tiny", "mixed"]
    assert main(["recommend", str(results), "--forecasts", "1e3"]) == 0
    assert capsys.readouterr().out.startswith("Use net for 1,000 forecasts")


@pytest.mark.parametrize(
    ("options", "code", "chosen"),
    [
        (["--max-error-rise", "50%"], 0, "net+tiny"),
        (["--max-error-rise", "0.5"], 0, "net+tiny"),
        (["--max-error-rise", "1.0"], 0, "net+tiny"),
        (["--max-error-rise", "100%"], 0, "net+tiny"),
        (["--max-error-rise", "250%"], 0, "net+tiny"),
        (["--max-bytes", "4k"], 0, "net+half"),
        (["--max-bytes", "3.9KiB"], 1, None),
        (["--max-bytes", "0.1MB", "--max-latency-ms", "1.2"], 0, "net+half"),
        (["--max-latency-ms", "0.1"], 1, None),
        (["--min-r2", "0.7"], 0, "net+half"),
        (["--min-r2", "-2"], 0, "net+half"),
        (["--min-r2", "0.99"], 1, None),
        (["--against", "net+tiny"], 0, "net+tiny"),
        (["--part", "test"], 0, "net+half"),
        (["--part", "later", "--forecasts", "1"], 0, "net"),
    ],
)
def test_each_option_and_its_exit_code(options, code, chosen, results, capsys):
    assert main(["recommend", str(results), "--json", *options]) == code
    found = json.loads(capsys.readouterr().out)
    assert found["chosen"] == chosen
    assert {one["lineage"] for one in found["checkpoints"]} == set(LINEAGES)
    assert all(one["reason"] for one in found["checkpoints"])


def test_json_holds_how_the_choice_does_on_the_test_part_and_what_was_not_compared(results, capsys):
    assert main(["recommend", str(results), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["not_compared"] == ["dlinear", "ridge", "naive_week"]
    on_test = found["on_test"]
    assert on_test["rmse_change_low"] < on_test["rmse_change_share"] < on_test["rmse_change_high"]
    assert f"its RMSE is +{100 * on_test['rmse_change_share']:.1f}%" in found["sentence"]
    assert main(["recommend", str(results), "--json", "--part", "test"]) == 0
    assert json.loads(capsys.readouterr().out)["on_test"] is None


def test_a_plain_model_that_was_measured_is_a_candidate(tmp_path, capsys, monkeypatch):
    """As ``compression.also_measured`` has it: one base model of which nothing is made."""
    plain = {"rmse": 1.0, "total_j": 10.0, "per_1000_j": 0.1}
    monkeypatch.setitem(LINEAGES, "dlinear", plain)
    folder = write_study(tmp_path / "results")
    assert main(["recommend", str(folder), "--json", "--against", "net"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["chosen"] == "dlinear"
    assert found["not_compared"] == ["ridge", "naive_week"]


@pytest.mark.parametrize("value", ["ridge", {"ridge": {}}, [1]])
def test_baselines_that_are_no_list_of_names_are_refused(value, results, capsys):
    config = yaml.safe_load((results / "config.yaml").read_text())
    (results / "config.yaml").write_text(yaml.safe_dump({**config, "baselines": value}))
    assert main(["recommend", str(results)]) == 2
    assert "config.yaml: baselines is " in capsys.readouterr().err


def test_undecided_has_an_exit_code_of_its_own(tmp_path, capsys):
    folder = write_study(tmp_path / "one_seed", seeds=1)
    assert main(["recommend", str(folder)]) == 0
    assert main(["recommend", str(folder), "--max-latency-ms", "100"]) == 3
    assert "for some it is undecided" in capsys.readouterr().out


def test_the_studys_own_limits_are_the_defaults(tmp_path, capsys):
    strict = write_study(tmp_path / "strict", r2_floor=0.99)
    assert main(["recommend", str(strict)]) == 1
    assert "R2 at least 0.99" in capsys.readouterr().out
    wide = write_study(tmp_path / "wide", error_budget_share=0.5)
    assert main(["recommend", str(wide), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["chosen"] == "net+tiny"


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--max-error-rise", "-1%"], "--max-error-rise is '-1%'"),
        (["--max-error-rise", "5"], "write 5% if you mean per cent, or 500% if you mean that share"),
        (["--max-error-rise", "1"], "write 1% if you mean per cent, or 100% if you mean that share"),
        (["--max-error-rise", "2.5"], "write 2.5% if you mean per cent, or 250% if you mean that share"),
        (["--max-error-rise", "much"], "expected a share of 0 or more, such as 5% or 0.05"),
        (["--min-r2", "1"], "--min-r2 is '1': expected an R2 below 1"),
        (["--max-latency-ms", "0"], "--max-latency-ms is '0': expected milliseconds above 0"),
        (["--max-latency-ms", "inf"], "--max-latency-ms is 'inf'"),
        (["--max-bytes", "-20k"], "--max-bytes is '-20k': expected a number of bytes above 0"),
        (["--max-bytes", "20x"], "--max-bytes is '20x'"),
        (["--max-bytes", "k"], "--max-bytes is 'k'"),
        *(
            (["--forecasts", value], f"--forecasts is '{value}': expected a whole number of 1 or more")
            for value in ("-1", "0", "0.5", "1.5", "many")
        ),
        (["--forecasts", "nan"], "--forecasts is 'nan'"),
        (["--against", "net+hlf"], "did you mean net+half?"),
    ],
)
def test_a_wrong_value_is_refused_in_one_sentence(options, says, results, capsys):
    name, value = options
    assert main(["recommend", str(results), f"{name}={value}"]) == 2
    said = capsys.readouterr().err
    assert says in said
    assert len(said.strip().splitlines()) == 1


def test_a_folder_that_is_none_and_a_study_without_checkpoints_are_refused(results, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    cases = [(tmp_path / "nowhere", "is not a folder"), (tmp_path / "empty", "has no config.yaml")]
    for folder, says in cases:
        assert main(["recommend", str(folder)]) == 2
        assert says in capsys.readouterr().err
    (results / "checkpoints.parquet").unlink()
    assert main(["recommend", str(results)]) == 2
    assert "expected a study that compares checkpoints" in capsys.readouterr().err


def test_damaged_results_are_refused(results, capsys):
    (results / "compared/net.days.parquet").write_bytes(b"PAR1")
    assert main(["recommend", str(results)]) == 2
    assert "cannot be read as Parquet" in capsys.readouterr().err
    (results / "compared/net.days.parquet").unlink()
    assert main(["recommend", str(results)]) == 2
    assert "does not exist" in capsys.readouterr().err


def test_help_loads_neither_pandas_nor_torch():
    code = (
        "import sys; from wattshed.commands.main import main\n"
        "try: main(['recommend', '--help'])\n"
        "except SystemExit: pass\n"
        "assert not {'pandas', 'torch', 'numpy', 'scipy'} & set(sys.modules), 'heavy'"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    assert "exit codes: 0 a checkpoint is recommended" in shown.stdout


def test_a_choice_needs_no_torch(results):
    code = (
        "import sys; from wattshed.commands.main import main\n"
        f"assert main(['recommend', {str(results)!r}]) == 0\n"
        "assert 'torch' not in sys.modules, 'heavy'"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
