from wattshed.publish.typesetting.markdown import render_markdown
from wattshed.publish.typesetting.table import ESTIMATED, Cell, Column, Table


def test_a_markdown_table_keeps_marks_units_notes_and_special_characters():
    columns = [Column("Model"), Column("RMSE", "kWh", numeric=True)]
    rows = [[Cell("a_b|c"), Cell("0.71", ESTIMATED, best=True)], [Cell("*"), Cell("")]]
    text = render_markdown(Table("name", "A <caption>, n = 3.", columns, rows, ["one note"]))
    assert text.splitlines() == [
        r"A \<caption>, n = 3.",
        "",
        "| Model | RMSE (kWh) |",
        "| --- | ---: |",
        rf"| a\_b\|c | **0.71{ESTIMATED}** |",
        r"| \* |  |",
        "",
        "* one note",
        f"* {ESTIMATED} estimated in whole or in part, not measured.",
    ]
