"""`wattshed inspect` from the command line: what it prints, writes and returns."""

import pytest
import yaml

from own_tables import hourly, months, wide, write
from wattshed.commands.inspect import UNDECIDED_EXIT_CODE
from wattshed.commands.main import main
from wattshed.config.study import load_study
from wattshed.data.sources.source import load_panel

DECIDED = ["--timezone", "Europe/Madrid", "--unit", "kWh"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(months(), tmp_path / "homes.csv")
    return tmp_path


def block_of(text):
    """The block that was printed."""
    start = text.index("data:\n")
    return yaml.safe_load(text[start:].partition("\n\n")[0])["data"]["source"]


def test_a_file_is_read_drawn_and_made_a_study(folder, capsys):
    words = ["inspect", "homes.csv", *DECIDED, "--write-config", "mine.yaml"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "panel:   3 nodes x 2,160 hours in kWh, 100.00% observed" in said
    assert (folder / "homes.inspect.png").read_bytes().startswith(b"\x89PNG")
    config = yaml.safe_load((folder / "mine.yaml").read_text())
    study = load_study(config)
    assert config["data"]["source"] == block_of(said)
    assert study.study == "mine"
    assert load_panel(study.data.source, folder).observed.all()


def test_a_study_is_replaced_only_by_force(folder, capsys):
    words = ["inspect", "homes.csv", *DECIDED, "--no-plot", "--write-config", "mine.yaml"]
    (folder / "mine.yaml").write_text("mine")
    assert main(words) == 2
    assert "--force" in capsys.readouterr().err
    assert (folder / "mine.yaml").read_text() == "mine"
    assert main([*words, "--force"]) == 0
    assert (folder / "mine.yaml").read_text() != "mine"
    assert not list(folder.glob("*.png"))


def test_open_keys_are_asked_for(folder, capsys):
    assert main(["inspect", "homes.csv"]) == UNDECIDED_EXIT_CODE
    said = capsys.readouterr().out
    assert "# decide: timezone: " in said
    assert "# decide: unit: " in said
    assert "undecided: timezone, unit." in said
    assert block_of(said).keys() == {"kind", "path", "form", "time_column", "stamp", "times_in"}
    assert not list(folder.glob("*.png"))


def test_keys_of_the_block_are_set_as_yaml(folder, capsys):
    words = [
        "--set",
        "unit=kW",
        "--set",
        "timezone=UTC",
        "--set",
        "exclude=home 2",
        "--set",
        "missing=[-1, '?']",
    ]
    assert main(["inspect", "homes.csv", "--no-plot", *words]) == 0
    block = block_of(capsys.readouterr().out)
    assert (block["unit"], block["exclude"], block["missing"]) == ("kW", ["home 2"], [-1, "?"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--set", "stampp=end"], "did you mean 'stamp'"),
        (["--set", "stamp"], "expected KEY=VALUE"),
        (["--set", "stamp=middle"], "stamp"),
        (["--set", "unit=W", "--unit", "kW"], "given twice"),
        (["--timezone", "Madrid"], "unknown time zone"),
        (["--step-minutes", "7"], "step_minutes"),
        (["--set", "time_column=zz"], "no column 'zz' in the header"),
        (["--set", "time_column=[utc_timestamp, zz]"], "no column 'zz' in the header"),
        (["--set", "node_column=zz"], "no column 'zz' in the header"),
        (["--quick", "--plot", "a.png"], "--quick"),
        (["--plot", "a.txt"], "unknown ending"),
        (["--write-config", "."], "is a folder"),
    ],
)
def test_options_that_cannot_be_are_refused(words, says, folder, capsys):
    assert main(["inspect", "homes.csv", *words]) == 2
    err = capsys.readouterr().err
    assert says in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "named", ["nothing.csv", "n*.csv", "empty", "mixed", "archive.zip", "a" * 5000, "", "zeros.csv"]
)
def test_what_cannot_be_inspected_is_one_sentence(named, folder, capsys):
    (folder / "empty").mkdir()
    (folder / "mixed").mkdir()
    for name in ("a.csv", "b.parquet"):
        (folder / "mixed" / name).write_text("x")
    (folder / "zeros.csv").write_bytes(bytes(2000))
    (folder / "archive.zip").write_bytes(b"PK\x03\x04 broken")
    assert main(["inspect", named]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("error: ")
    assert said.err.count("\n") == 1


def test_quick_reads_no_panel(folder, capsys):
    assert main(["inspect", "homes.csv", *DECIDED, "--quick"]) == 0
    said = capsys.readouterr().out
    assert "--quick" in said
    assert "panel:" not in said
    assert not list(folder.glob("*.png"))


def test_a_folder_and_its_files_are_one_pattern(folder, capsys):
    (folder / "homes").mkdir()
    fine = hourly(nodes=("kWh",))
    for name in ("x", "y"):
        write(wide(fine, "Europe/Madrid"), folder / "homes" / f"{name}.csv")
    for named in (["homes"], ["homes/x.csv", "homes/y.csv"], ["homes/*.csv"]):
        assert main(["inspect", *named, "--no-plot"]) == 0
        said = capsys.readouterr().out
        assert block_of(said)["path"] == "homes/*.csv"
        assert "panel:   2 nodes" in said


def test_a_sentence_of_the_reader_that_names_a_key_is_undecided(folder, capsys):
    """The order of rows that are shuffled cannot tell the hour that comes twice."""
    table = wide(hourly(nodes=("kWh",)), "Europe/Madrid").sample(frac=1, random_state=1)
    write(table, folder / "shuffled.csv")
    assert main(["inspect", "shuffled.csv"]) == UNDECIDED_EXIT_CODE
    said = capsys.readouterr()
    assert "data.source." in said.err
    assert "panel:" not in said.out
