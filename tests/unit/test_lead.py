"""docs/lead.md says of each model what follows from the errors by day that docs/lead.json keeps."""

import json

import numpy as np
import pytest

from recomputed import change_interval, p_value, told_apart

LEAST_FIGURES = 250


@pytest.fixture(scope="module")
def lead(root):
    return json.loads((root / "docs/lead.json").read_text(encoding="utf-8"))


def views(lead):
    for study, by_view in lead["studies"].items():
        for view, content in by_view.items():
            sums = {model: np.array(list(rows.values())) for model, rows in content["squared"].items()}
            days = np.array(content["days"], dtype="datetime64[D]").astype(np.int64)
            yield study, view, content["changes"], sums, days


def test_every_change_follows_from_the_errors_by_day(lead):
    count, ours = 0, lead["ours"]
    for study, view, changes, sums, days in views(lead):
        assert {*changes, ours} == set(sums), (study, view)
        p_values = {name: p_value(own, sums[ours], days) for name, own in sums.items() if name != ours}
        apart = told_apart(p_values, len(p_values))
        for model, told in changes.items():
            found = change_interval(sums[model], sums[ours], days)
            shown = [told[name] for name in ("change_share", "change_low", "change_high")]
            assert shown == pytest.approx(list(found), rel=1e-4, abs=1e-6), (study, view, model)
            outcome = "not told apart" if model not in apart else "better" if found[0] < 0 else "worse"
            assert told["outcome"] == outcome, (study, view, model)
            count += 4
    assert count >= LEAST_FIGURES


def test_the_page_shows_them(lead, root):
    sections = (root / "docs/lead.md").read_text(encoding="utf-8").split("\n## ")
    for study, view, changes, _, _ in views(lead):
        section = next(text for text in sections if text.startswith(f"`{study}`"))
        lines = section.splitlines()
        place = next(n for n, line in enumerate(lines) if line.startswith("| Model | test |"))
        column = lines[place].split(" | ").index(view if view in lines[place].split(" | ") else f"{view} |")
        rows = {line.split("`")[1]: line for line in lines[place + 2 :] if line.startswith("| `")}
        for model, told in changes.items():
            low, high = 100 * told["change_low"], 100 * told["change_high"]
            text = f"{100 * told['change_share']:+.1f} % [{low:.1f}, {high:.1f}], {told['outcome']}"
            assert text in rows[model].split(" | ")[column], (study, view, model)


def test_the_tables_of_rolling_origins_follow_from_the_same_errors(lead, root):
    sections = (root / "docs/lead.md").read_text(encoding="utf-8").split("\n## ")
    count = 0
    for study, view, _, sums, days in views(lead):
        if "rolling origins" not in view:
            continue
        section = next(text for text in sections if text.startswith(f"`{study}`")).replace("\\_", "_")
        table = section[section.index("| Model | Seeds | RMSE") :].split("\n\n")[0].splitlines()
        titles = [cell.strip() for cell in table[0].split("|")]
        rows = [line.split("|") for line in table[2:]]
        place = titles.index("Δ RMSE (%)")
        (chosen,) = [row[1].strip() for row in rows if row[place + 2].strip() == "chosen"]
        assert {row[1].strip() for row in rows} == set(sums)
        for model, *told in ([row[n].strip() for n in (1, place, place + 1)] for row in rows):
            if model != chosen:
                share, low, high = (100 * end for end in change_interval(sums[model], sums[chosen], days))
                assert told == [f"{share:.1f}", f"[{low:.1f}, {high:.1f}]"], (study, model)
                count += 1
    assert count >= 10


def test_the_ladder_says_what_tuning_the_trees_took(root):
    record = json.loads((root / "docs/ladder/tuning_trees.json").read_text(encoding="utf-8"))
    page = (root / "docs/ladder.md").read_text(encoding="utf-8")
    cost = f"{3.6e6 * record['energy_kwh']:,.0f} J of its own, {record['own_cpu_s']:,.0f} CPU-s"
    assert f"the best of {len(record['points'])} settings on the homes; this grid took {cost}" in page
