"""README claims of the default study only what docs/headline.json says, and that follows from the rows it keeps."""

import json
import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import yaml

from made_study import write_study
from recomputed import change_interval, day_interval, geometric, p_value, ratio, told_apart
from shown_figures import text_agrees

SECTION = "## What the default study says"
TOKEN = re.compile(r"-?\d[\d,]*(?:\.\d+)?")


@pytest.fixture(scope="module")
def of_docs(root):
    return json.loads((root / "docs/headline.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def of_made_study(root, tmp_path_factory):
    """What the command writes today."""
    folder = tmp_path_factory.mktemp("headline")
    write_study(folder / "study")
    command = [
        sys.executable,
        root / "benchmarks/headline.py",
        folder / "study",
        "--output",
        folder / "made.json",
        "--repeats",
        folder / "repeats.json",
    ]
    study = yaml.safe_load((folder / "study/config.yaml").read_text(encoding="utf-8"))["study"]
    joules = {"ridge": [[2.0, 2.1], [2.3, 2.2], [1.9, 2.0]], "ridge_graph": [[0.5], [0.6], [0.55]]}
    (folder / "repeats.json").write_text(json.dumps({"study": study, "joules": joules}), encoding="utf-8")
    made = subprocess.run(command, check=True, capture_output=True, text=True)
    assert made.stdout.startswith(SECTION)
    assert "| best |" in (folder / "made.md").read_text(encoding="utf-8")
    content = json.loads((folder / "made.json").read_text(encoding="utf-8"))
    assert "runs-ridge" in [line["id"] for line in content["lines"]]
    return content


@pytest.fixture(scope="module", params=["of_docs", "of_made_study"])
def headline(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def raw(headline):
    """Sums of squares [S, D] by part and model, cells and day numbers [D], and energies."""
    rows = dict(headline["raw"])
    return rows | {part: by_day(found) for part, found in rows["errors"].items()}


def by_day(found):
    """Sums of squares [S, D] by model, cells [D] and day numbers [D]."""
    days = np.array(found["days"], dtype="datetime64[D]").astype(np.int64)
    sums = {model: np.array(list(seeds.values()), dtype=float) for model, seeds in found["squared"].items()}
    return sums, np.array(found["cells"], dtype=float), days


def computed(line, raw):
    """Every number of a line, computed again from the rows; texts for outcomes and choices."""
    told = line["numbers"]
    sums, cells, days = raw["test"]
    found = {}
    if "rmse" in told:
        own = sums[told["model"]]
        seeds = geometric(list(np.sqrt(own.sum(axis=1) / cells.sum())))
        found |= dict(zip(("rmse", "day_low", "day_high"), day_interval(own, cells, days), strict=True))
        # Seeds that give the same forecasts are one run.
        ends = [None if seeds[1] == seeds[2] else end for end in seeds[1:]]
        found |= dict(zip(("seed_low", "seed_high"), ends, strict=True))
        if "joules" in told:
            names = ("joules", "joules_low", "joules_high")
            found |= dict(zip(names, geometric(raw["training_j"][told["model"]]), strict=True))
        if "cpu_s" in told:
            found["cpu_s"] = geometric(raw["cpu_s"][told["model"]])[0]
    if "change_share" in told:
        pair = sums[told["model"]], sums[told["other"]]
        names = ("change_share", "change_low", "change_high")
        found |= dict(zip(names, change_interval(*pair, days), strict=True))
        found["outcome"] = outcome(told["model"], told["other"], raw["test"])
    if "ratio" in told:
        names = [told[name] for name in ("model", "other")]
        # Separate runs differ more than the fits of one process.
        place = "runs_j" if all(name in raw["runs_j"] for name in names) else "training_j"
        energies = (raw[place][name] for name in names)
        found |= dict(zip(("ratio", "ratio_low", "ratio_high"), ratio(*energies), strict=True))
    if "later_share" in told:
        rows = [row for row in raw["prequential"] if row["parent"] == told["parent"]]
        control = next(row for row in rows if not row["updated"])
        own = next(row for row in rows if row["strategy"] == told["strategy"])
        assert own["days"] == control["days"]
        pair = [np.array(list(row["squared"].values()), dtype=float) for row in (own, control)]
        numbers = np.array(own["days"], dtype="datetime64[D]").astype(np.int64)
        names = ("later_share", "later_low", "later_high")
        found |= dict(zip(names, change_interval(*pair, numbers), strict=True))
        found |= {"parent": told["parent"], "strategy": told["strategy"]}
        found["later_outcome"] = later_outcome(told, raw["prequential"])
    if "runs_j" in told:
        runs = geometric(raw["runs_j"][told["model"]])
        found |= dict(zip(("runs_j", "runs_low", "runs_high"), runs, strict=True))
        found["runs"] = len(raw["runs_j"][told["model"]])
    if "trusted_rmse" in told:
        sums, cells, days = by_day(raw["trusted"])
        names = ("trusted_rmse", "trusted_low", "trusted_high")
        found |= dict(zip(names, day_interval(sums[told["model"]], cells, days), strict=True))
        if "other" in told:
            names = ("change_trusted_share", "change_trusted_low", "change_trusted_high")
            pair = sums[told["model"]], sums[told["other"]]
            found |= dict(zip(names, change_interval(*pair, days), strict=True))
    if "variants" in told:
        found["variants"] = len(raw["verdicts"])
        counts = Counter(raw["verdicts"]).most_common()
        found["verdicts"] = "; ".join(f"{count} {verdict}" for verdict, count in counts)
    if "total_kwh" in told:
        found["total_kwh"] = sum(raw["job_kwh"])
    if "best" in told:
        found |= choice(raw)
    return found


def later_outcome(told, rows):
    """Of the family of all strategies that update, each against its parent's control."""
    p_values, shares = {}, {}
    for row in rows:
        control = next((one for one in rows if one["parent"] == row["parent"] and not one["updated"]), None)
        if not row["updated"] or control is None:
            continue
        pair = [np.array(list(one["squared"].values()), dtype=float) for one in (row, control)]
        numbers = np.array(row["days"], dtype="datetime64[D]").astype(np.int64)
        key = (row["parent"], row["strategy"])
        p_values[key], shares[key] = p_value(*pair, numbers), change_interval(*pair, numbers)[0]
    key = (told["parent"], told["strategy"])
    if key not in told_apart(p_values, len(p_values)):
        return "not told apart"
    return "better" if shares[key] < 0 else "worse"


def outcome(model, other, part):
    """Of the family of all models against the same other one."""
    sums, _, days = part
    p_values = {name: p_value(own, sums[other], days) for name, own in sums.items() if name != other}
    if model not in told_apart(p_values, len(p_values)):
        return "not told apart"
    return "better" if change_interval(sums[model], sums[other], days)[0] < 0 else "worse"


def choice(raw):
    """The model of least validation error, and the cheapest of those that are not told apart from it there."""
    sums, cells, days = raw["validation"]
    errors = {model: day_interval(own, cells, days)[0] for model, own in sums.items()}
    choosable = [model for model in errors if not model.endswith("_shuffled")]
    best = min(choosable, key=errors.get)
    p_values = {name: p_value(own, sums[best], days) for name, own in sums.items() if name != best}
    apart = told_apart(p_values, len(sums) * (len(sums) - 1) // 2)
    alike = [name for name in choosable if name not in apart and errors[name] <= 1.05 * errors[best]]
    joules = {name: geometric(raw["training_j"][name])[0] for name in alike if name in raw["training_j"]}
    return {"best": best, "use": min(joules, key=joules.get)}


def test_every_number_follows_from_the_rows_that_the_file_keeps(headline, raw):
    count = 0
    for line in headline["lines"]:
        found = computed(line, raw)
        for name, told in line["numbers"].items():
            if name in ("model", "other", "days", "blocks"):
                continue
            count += 1
            if isinstance(told, str) or told is None:
                assert found[name] == told, (line["id"], name)
            else:
                assert found[name] == pytest.approx(told, rel=1e-5, abs=1e-9), (line["id"], name)
    assert count >= 60


def test_every_sentence_shows_its_numbers(headline):
    for line in headline["lines"]:
        shown = TOKEN.findall(line["sentence"])
        for name, value in line["numbers"].items():
            if isinstance(value, str):
                assert value in line["sentence"], line["id"]
            elif value is not None:
                percent = name.startswith(("change_", "later_"))
                factor = 100 if percent else 1000 if name == "total_kwh" else 1
                assert any(text_agrees(text, factor * value) for text in shown), (line["id"], name)


def test_every_line_has_an_id_of_its_own_and_names_its_table(headline):
    ids = [line["id"] for line in headline["lines"]]
    assert len(set(ids)) == len(ids)
    assert all(
        line["table"].endswith((".tex", ".html", ".json")) and line["cell"] for line in headline["lines"]
    )


def test_readme_holds_no_number_that_is_not_in_a_line(of_docs, root):
    page = (root / "README.md").read_text(encoding="utf-8")
    section = page.split(SECTION, 1)[1].split("\n## ", 1)[0]
    text = re.sub(r"`[^`]*`|\]\([^)]*\)", " ", section)
    known = {text for line in of_docs["lines"] for text in TOKEN.findall(line["sentence"])}
    known |= {text.lstrip("-") for text in known}
    unknown = [text for text in TOKEN.findall(text) if text not in known]
    assert TOKEN.findall(text), "the section states no number"
    assert unknown == [], "README states numbers that are in no line of docs/headline.md: run make headline"


def test_the_page_shows_the_lines_of_the_file(of_docs, root):
    page = (root / "docs/headline.md").read_text(encoding="utf-8")
    for line in of_docs["lines"]:
        assert f"| {line['id']} | {line['sentence']} |" in page
