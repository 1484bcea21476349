"""The information table shows what plug-ins declare, and a question mark for those that do not."""

import pandas as pd

from wattshed.publish.tables.information import information_table

MODELS = {
    "net": {"form": "stgnn", "recipe": "r", "calendar": True, "graph": "given"},
    "control": {"form": "stgnn", "recipe": "r", "graph": "shuffled"},
    "own": {"form": "a_family_of_elsewhere", "recipe": "r"},
}


def table():
    rows = [
        {"model": model, "n": 2, "error": 0.5 + place, "low": 0.4 + place, "high": 0.7 + place}
        for place, model in enumerate(["net", "control", "own", "climatology", "baseline_of_elsewhere"])
    ]
    return information_table(pd.DataFrame(rows), MODELS, "kWh")


def test_every_row_shows_what_its_plug_in_declares():
    shown = {row[0].text: [cell.text for cell in row[1:7]] for row in table().rows}
    no, yes = "–", "✓"
    assert [column.title for column in table().columns][1:7] == [
        "Look-back", "Days before", "Neighbours", "Calendar", "Node", "Weather",
    ]  # fmt: skip
    assert shown["net"] == [yes, no, yes, yes, no, no]
    assert shown["control"] == [yes, no, "shuffled", no, no, no]
    assert shown["climatology"] == [no, no, no, yes, yes, no]
    assert shown["own"] == shown["baseline_of_elsewhere"] == ["?"] * 6
    assert any(
        note == "?: not declared by the plug-in: own, baseline_of_elsewhere." for note in table().notes
    )


def test_models_have_their_error_with_the_wider_interval():
    rows = table().rows
    assert [row[-2].text for row in rows] == [f"{place + 0.5:.4f}" for place in range(5)]
    assert rows[1][-1].text == "[1.4000, 1.7000]"
    assert any("the wider of those over seeds and over blocks" in note for note in table().notes)
