"""``wattshed reproduce``: what it prints and writes, and what it refuses."""

import json
import subprocess
import sys

import pytest

from law_files import write_law_files
from wattshed.commands.main import main


def shown(capsys, *words):
    assert main(["reproduce", *map(str, words)]) == 0
    return capsys.readouterr().out


def test_the_table_shows_every_number_with_its_verdict(capsys):
    page = shown(capsys)
    for title in (
        "Older read-me, Step 1",
        "Older read-me, Conclusion",
        "Final paper and its release, Table 5",
    ):
        assert title in page
    for words in (
        "26.3035",
        "31.2904",
        "arithmetic slip",
        "wrong rounding",
        "not reproducible",
        "swapped rows",
    ):
        assert words in page
    assert "114 numbers: 50 reproduced" in page.splitlines()[-1]
    assert "all points" not in page


def test_one_document_alone_is_shown_alone(capsys):
    readme, paper = shown(capsys, "--source", "readme"), shown(capsys, "--source", "paper")
    assert "Final paper" not in readme
    assert "Older read-me" not in paper


def test_the_honest_table_shows_all_points_beside_the_selected_fit(capsys):
    page = shown(capsys, "--honest").splitlines()
    heads = [line for line in page if "all points  " in line and "verdict" in line]
    # Of the Transformers' regression and of the LSTM's.
    assert len(heads) == 2
    assert all("printed" in line for line in heads)
    (lstm,) = [line.split() for line in page if "R2 of the LSTM's" in line]
    assert {"0.954", "0.413"} <= set(lstm)
    numbers = [line.split() for line in page if " 0.958 " in line]
    assert all({"0.958", "0.5665"} <= set(line) or "0.5622" in line for line in numbers)
    assert len(numbers) == 3


def test_json_has_all_rows_and_the_worked_example(capsys):
    found = json.loads(shown(capsys, "--json", "--honest"))
    assert sum(found["verdicts"].values()) == len(found["rows"])
    assert {row["source"] for row in found["rows"]} == {"readme", "paper"}
    energies = [[model["energy_j"] for model in one["models"]] for one in found["worked_example"]]
    assert [f"{one:.3f}" for one in energies[1]] == ["36.064", "78.963"]
    alone = json.loads(shown(capsys, "--json", "--source", "readme"))
    assert [one["form"] for one in alone["worked_example"]] == ["readme"]


def test_latex_has_one_table_per_document(capsys, tmp_path):
    file = tmp_path / "tables" / "reproduction.tex"
    page = shown(capsys, "--latex", file)
    assert "Older read-me" in page
    text = file.read_text()
    assert text.count(r"\label{tab:reproduction_") == 2
    assert r"\toprule" in text
    assert "pseudo-µs" in text or "pseudo-\\textmu" in text


def test_data_replace_what_is_cited(capsys, tmp_path):
    folder = write_law_files(tmp_path)
    rows = json.loads(shown(capsys, "--json", "--source", "paper", "--data", folder))["rows"]
    by = {row["quantity"]: row for row in rows}
    assert by["R2 of the energy model"]["basis"] == "recorded data"
    assert by["eta_max of QKV, A100"]["verdict"] == "swapped rows"


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (
            ["--data", "nowhere"],
            "error: nowhere is not a folder: expected the source's CSV files in it; correct --data.",
        ),
        (["--latex", "."], "error: --latex . is a folder: expected the name of a file; name one in it."),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(capsys, tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", *words]) == 2
    printed = capsys.readouterr()
    assert printed.err.splitlines() == [sentence]
    assert printed.out == ""


@pytest.mark.parametrize("words", [["--source", "abstract"], ["--honesty"], ["FOLDER"]])
def test_options_that_do_not_exist_are_refused(capsys, words):
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", *words])
    assert ended.value.code == 2
    assert "usage: wattshed" in capsys.readouterr().err


def test_help_has_examples(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["reproduce", "--help"])
    assert ended.value.code == 0
    page = capsys.readouterr().out
    assert "wattshed reproduce --source paper --honest" in page
    assert "exit codes" in page


def test_the_table_of_formulas_loads_no_heavy_library():
    code = (
        "import sys\nfrom wattshed.commands.main import main\nmain(['reproduce'])\n"
        "assert not {'torch', 'pandas', 'scipy', 'matplotlib', 'sklearn'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
