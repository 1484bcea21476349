"""The information table shows what plug-ins declare, and a question mark for those that do not."""

import numpy as np
import pandas as pd

from wattshed.publish.tables.information import information_table

MODELS = {
    "net": {"form": "stgnn", "recipe": "r", "calendar": True, "graph": "given"},
    "control": {"form": "stgnn", "recipe": "r", "graph": "shuffled"},
    "own": {"form": "a_family_of_elsewhere", "recipe": "r"},
}


def table():
    rows = [
        {
            "model": model,
            "seed": seed,
            "scope": "all",
            "rmse": rmse + seed / 100,
            **dict.fromkeys(("mae", "wape", "mase", "r2"), 1.0),
        }
        for rmse, model in enumerate(["net", "control", "own", "climatology", "baseline_of_elsewhere"])
        for seed in (1, 2)
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


def test_models_are_in_the_order_of_their_error_with_its_interval():
    rows = table().rows
    assert [row[-2].text for row in rows] == [f"{((n + 0.01) * (n + 0.02)) ** 0.5:.4f}" for n in range(5)]
    assert np.char.startswith([row[-1].text for row in rows], "[").all()
