"""``wattshed clocks choose`` and ``compare``, from the command line to the files."""

import json
import shutil

import jsonschema
import pandas as pd
import pytest
import yaml

from clock_choices import made_sweep
from wattshed.clocks.validating.validate import validate
from wattshed.commands.main import main
from wattshed.foundation.writing import write_json


def as_csv(frame, path):
    """A table as a user may have it: one row per run, warm ones only, without our columns for the back end."""
    warm = frame[frame["warm"]].sort_values("order")
    table = warm[["gpu", "workload", "setting", "repeat", "time_s", "power_w", "energy_j"]]
    table = table.rename(columns={"setting": "freq_mhz", "repeat": "rep"})
    table.insert(0, "run", range(1, len(table) + 1))
    table.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("clocks")


@pytest.fixture(scope="module")
def recording(folder):
    # Two workloads: one that a lower clock helps, one that depends on the clock alone.
    both = [
        made_sweep(gpu="a100", gpu_uuid=None, workload="llama"),
        made_sweep(seed=1, gpu="a100", gpu_uuid=None, workload="vit", compute=0.95, exponent=0.1),
    ]
    return as_csv(pd.concat(both), folder / "sweep.csv")


@pytest.fixture(scope="module")
def chosen(folder, recording):
    """An output folder, written once for all tests; they do not change it."""
    output = folder / "chosen"
    assert main(["clocks", "choose", str(recording), "--max-slowdown", "15%", "--output", str(output)]) == 0
    return output


def test_everything_is_written_and_fits_together(chosen):
    choices = json.loads((chosen / "choices.json").read_text())["choices"]
    assert [(one["workload"], one["status"]) for one in choices] == [("llama", "use"), ("vit", "keep")]
    document = json.loads((chosen / "deployment.json").read_text())
    jsonschema.validate(document, json.loads((chosen / "deployment/deployment.schema.json").read_text()))
    used = document["configurations"]["a100 + llama"]
    assert used["deployed"]
    assert used["setting"] == choices[0]["setting"]
    runs = pd.read_parquet(chosen / "runs.parquet")
    again = [validate(choice, runs).to_json() for choice in choices]
    stored = json.loads((chosen / "validation.json").read_text())["validations"]
    assert [one["result"] for one in again] == [one["result"] for one in stored] == ["pass", "pass"]
    settings = pd.read_csv(chosen / "settings.csv")
    assert len(settings) == runs.groupby(["workload", "setting"]).ngroups
    assert (settings["time_s_low"] < settings["time_s"]).all()
    assert len(list((chosen / "figures").glob("*.curves.png"))) == 2


def test_the_terminal_says_which_setting_its_numbers_are_of(recording, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    main(["clocks", "choose", str(recording), "--max-slowdown", "15%", "--output", str(tmp_path / "out")])
    out = capsys.readouterr().out
    choices = json.loads((tmp_path / "out/choices.json").read_text())["choices"]
    rows = {name: next(line for line in out.splitlines() if f" {name} " in line) for name in ("llama", "vit")}
    assert "numbers are of" in out
    assert rows["llama"].count(f"{choices[0]['candidate']} MHz") == 2
    # A workload whose maximum is kept has a setting to run at, and no numbers.
    assert rows["vit"].count("MHz") == 1
    assert rows["vit"].count("–") == 3


def test_the_page_is_self_contained_and_says_the_answer_first(chosen):
    page = (chosen / "report.html").read_text()
    assert "a100, llama: run at" in page
    assert page.index("run at") < page.index("<nav>")
    assert "http" not in page.replace("http://www.w3.org", "")
    assert page.count('<img src="data:image/png;base64,') >= 3
    numbers = page[page.index('id="numbers">') + len('id="numbers">') :].partition("</script>")[0]
    assert json.loads(numbers)["choices"][0]["workload"] == "llama"
    assert "nvidia-smi -i GPU_UUID -lgc" in page


def test_a_second_run_replaces_the_first_with_own_columns_and_odd_names(chosen, recording, tmp_path, capsys):
    output = tmp_path / "again"
    shutil.copytree(chosen, output)
    table = pd.read_csv(recording).rename(columns={"time_s": "seconds"})
    table = table[table["workload"] == "vit"].assign(gpu="<script>alert(1)</script>")
    table.to_csv(tmp_path / "own.csv", index=False)
    call = ["clocks", "choose", str(tmp_path / "own.csv"), "--columns", "time_s=seconds", "--json"]
    assert main([*call, "--output", str(output)]) in (1, 3), "nothing is recommended"
    shown = json.loads(capsys.readouterr().out)
    assert [one["status"] for one in shown["choices"]] == ["keep"]
    assert set(shown) == {"choices", "validation", "deployment"}
    assert "<script>alert" not in (output / "report.html").read_text()
    assert len(list((output / "figures").glob("*.png"))) < len(list((chosen / "figures").glob("*.png")))
    assert list((output / "deployment").glob("*.service")) == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rule", "best"], "--rule is 'best'"),
        (["--metric", "joy"], "--metric is 'joy'"),
        (["--rule", "knee", "--metric", "edp"], "--metric belongs to --rule metric"),
        (["--columns", "time_s"], "expected OURS=THEIRS"),
        (["--columns", "time_s=a,time_s=b"], "names 'time_s' twice"),
        (["--columns", "tme=a"], "did you mean"),
        (["--lowest", "90%", "--highest", "70%"], "lowest_share"),
        (["--seed", "-1"], "--seed is -1"),
        (["--gpu", "h100"], "h100"),
        (["--reader", "dcgmm"], "dcgm"),
        (["--max-slowdown", "1.0"], "slowdown limit"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(recording, tmp_path, capsys, options, words):
    code = main(["clocks", "choose", str(recording), "--output", str(tmp_path / "out"), *options])
    said = capsys.readouterr().err
    assert code == 2
    assert words in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("share", ["15", "-0.1", "nan", "much", "150%"])
def test_a_share_that_is_none_is_refused(recording, tmp_path, capsys, share):
    with pytest.raises(SystemExit) as ended:
        main(
            ["clocks", "choose", str(recording), "--output", str(tmp_path / "out"), f"--max-slowdown={share}"]
        )
    assert ended.value.code == 2
    assert "expected a share" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "", "a,b\n1,2\n", "\0\0\0"])
def test_a_recording_that_cannot_be_read_is_refused(tmp_path, capsys, content):
    path = tmp_path / "sweep.csv"
    if content is not None:
        path.write_text(content)
    assert main(["clocks", "choose", str(path), "--output", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_other_peoples_files_are_not_mixed_up(recording, tmp_path, capsys):
    for name in ("notes.txt", "report.html"):
        output = tmp_path / name.partition(".")[0]
        output.mkdir()
        (output / name).write_text("mine")
        assert main(["clocks", "choose", str(recording), "--output", str(output)]) == 2
        assert f"holds {name}" in capsys.readouterr().err
        assert [(entry.name, entry.read_text()) for entry in output.iterdir()] == [(name, "mine")]


def test_equal_recordings_do_not_differ(chosen, recording, tmp_path, capsys):
    assert main(["clocks", "compare", str(recording), str(chosen)]) == 0
    assert "no difference is shown" in capsys.readouterr().out


def test_a_recording_with_other_energies_differs_there_only(recording, tmp_path, capsys):
    table = pd.read_csv(recording)
    table.loc[table["workload"] == "vit", ["energy_j", "power_w"]] *= 1.1
    table.to_csv(tmp_path / "later.csv", index=False)
    output = tmp_path / "compared"
    code = main(
        ["clocks", "compare", str(recording), str(tmp_path / "later.csv"), "--output", str(output), "--json"]
    )
    shown = json.loads(capsys.readouterr().out)
    assert code == 1
    assert {one["workload"]: one["differs"] for one in shown["cells"]} == {"llama": False, "vit": True}
    assert (output / "comparison.pdf").read_bytes().startswith(b"%PDF")
    assert "a100, vit: differs" in (output / "comparison.html").read_text()
    assert set(pd.read_csv(output / "comparison.csv")["quantity"]) == {
        "time_s",
        "power_w",
        "energy_j",
        "edp_js",
    }


def test_before_and_after(recording, tmp_path, capsys):
    output = tmp_path / "compared"
    call = ["clocks", "compare", str(recording), str(recording), "--before", "1410", "--after", "990"]
    assert main([*call, "--workload", "llama", "--output", str(output)]) == 0
    said = capsys.readouterr().out
    assert "1410 → 990: less energy is shown" in said
    assert "1410 → 990" in (output / "comparison.html").read_text()
    assert main([*call, "--workload", "vit"]) == 1, "it takes more energy"


def test_choices_of_two_folders_are_compared(chosen, tmp_path, capsys):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(chosen / "runs.parquet", other)
    content = json.loads((chosen / "choices.json").read_text())
    del content["content_sha256"]
    content["choices"][0] |= {"status": "keep", "setting": 1410}
    write_json(other / "choices.json", content, sealed=True)
    assert main(["clocks", "compare", str(chosen), str(other)]) == 0, "the runs are the same"
    said = capsys.readouterr().out
    assert "llama: the choice differs: use" in said
    assert "vit: both say keep" in said


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--before", "1410"], "--after is missing"),
        (["--before", "1410", "--after", "77"], "expected two measured settings"),
        (["--gpu", "h100"], "h100"),
    ],
)
def test_what_cannot_be_compared_is_refused(recording, capsys, options, words):
    assert main(["clocks", "compare", str(recording), str(recording), *options]) == 2
    said = capsys.readouterr().err
    assert words in said
    assert said.count("\n") == 1


def test_recordings_without_anything_in_common_are_refused(recording, tmp_path, capsys):
    pd.read_csv(recording).assign(gpu="h100").to_csv(tmp_path / "other.csv", index=False)
    assert main(["clocks", "compare", str(recording), str(tmp_path / "other.csv")]) == 2
    assert "share no GPU, workload and knob" in capsys.readouterr().err


def test_help_names_examples_and_exit_codes(capsys):
    for words in (["choose"], ["compare"]):
        with pytest.raises(SystemExit):
            main(["clocks", *words, "--help"])
        shown = capsys.readouterr().out
        assert "examples:" in shown
        assert "exit codes:" in shown


def named(folder, cells):
    """A recording of the given (GPU, workload) pairs."""
    frames = [
        made_sweep(seed=at, gpu=gpu, gpu_uuid=None, workload=work) for at, (gpu, work) in enumerate(cells)
    ]
    return as_csv(pd.concat(frames), folder / "named.csv")


def test_names_are_shown_as_they_are_and_told_apart(tmp_path, capsys):
    cells = [("[red]A[/red]", "[/]a b"), ("[red]A[/red]", "[/]a-b"), ("[red]A[/red]", "{{ reboot }}")]
    output = tmp_path / "out"
    assert (
        main(
            [
                "clocks",
                "choose",
                str(named(tmp_path, cells)),
                "--max-slowdown",
                "15%",
                "--output",
                str(output),
            ]
        )
        == 0
    )
    shown = capsys.readouterr().out
    assert "[red]A[/red]" in shown
    assert "[/]a-b" in shown
    lines = (output / "deployment/clocks.tsv").read_text().splitlines()[1:]
    names = [line.split("\t")[0] for line in lines]
    assert len(set(names)) == len(names) > 1
    rules = yaml.safe_load((output / "deployment/alerts.yml").read_text())["groups"][0]["rules"]
    labels = {rule["labels"]["workload"] for rule in rules}
    assert not any(label.startswith("{{ ") for label in labels)


def test_a_uuid_that_a_shell_might_run_leaves_nothing_behind(tmp_path, capsys):
    frame = made_sweep(gpu="a100", gpu_uuid="GPU-1; reboot", workload="llama")
    frame.to_parquet(tmp_path / "sweep.parquet")
    output = tmp_path / "out"
    words = [
        "clocks",
        "choose",
        str(tmp_path / "sweep.parquet"),
        "--max-slowdown",
        "15%",
        "--output",
        str(output),
    ]
    assert main(words) == 2
    assert "uuid is 'GPU-1; reboot'" in capsys.readouterr().err
    assert not output.exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["choose", "--period-s", "0", "--output", "o"], "--period-s: Input should be greater than 0"),
        (
            ["choose", "--gpu-index", "3", "--output", "o"],
            "does not number its GPUs: remove --gpu-index",
        ),
        (["predict", "--settings", "nan"], "--settings nan: expected clocks"),
        (["predict", "--settings", "0"], "--settings 0: expected clocks"),
        (["predict", "--output", "."], "is a folder: expected the name of a file"),
    ],
)
def test_options_that_cannot_be_are_named(recording, tmp_path, monkeypatch, capsys, words, said):
    monkeypatch.chdir(tmp_path)
    assert main(["clocks", words[0], str(recording), "--workload", "llama", *words[1:]]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("columns", "options"),
    [("clock_mhz=mhz,time_s=seconds", ()), ("setting=mhz,time_s=seconds", ("--knob", "clock"))],
)
def test_a_table_with_names_and_units_of_its_own_is_read_as_the_docs_show(
    recording, tmp_path, capsys, columns, options
):
    table = pd.read_csv(recording)[["gpu", "workload", "rep", "freq_mhz", "time_s", "energy_j"]]
    table["energy_j"] /= 1000
    mine = tmp_path / "mine.csv"
    table.rename(columns={"freq_mhz": "mhz", "time_s": "seconds"}).to_csv(mine, index=False)
    base = ["clocks", "compare", str(mine), str(mine), "--columns", columns, *options]
    assert main([*base, "--units", "energy_j=kJ", "--before", "1410", "--after", "1110"]) in (0, 1, 3)
    capsys.readouterr()
    # The unit is forgotten: the sentence names the option as it is written here.
    assert main([*base, "--before", "1410", "--after", "1110"]) == 2
    assert "energy_j=kJ" in capsys.readouterr().err


def test_a_reader_s_message_names_options_and_not_keys(tmp_path, capsys):
    log = tmp_path / "power.csv"
    log.write_text(
        "timestamp, index, name, power.draw [W], clocks.current.sm [MHz]\n"
        "2026/03/01 12:00:00.000, 0, NVIDIA A100-SXM4-40GB, 61.25 W, 1410 MHz\n"
        "2026/03/01 12:00:00.100, 0, NVIDIA A100-SXM4-40GB, 61.25 W, 1410 MHz\n"
    )
    assert main(["clocks", "choose", str(log), "--output", str(tmp_path / "out")]) == 2
    told = capsys.readouterr().err
    assert "--marks" in told
    assert "the key" not in told
