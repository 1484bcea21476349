"""Tables in Markdown, for pages of the docs."""

from wattshed.publish.typesetting.table import Cell, Column, Table


def render_markdown(table: Table) -> str:
    """Caption, pipe table and notes; the best of a column in bold, numbers to the right."""
    heads = [_head(column) for column in table.columns]
    rules = ["---:" if column.numeric else "---" for column in table.columns]
    lines = [heads, rules, *([_cell(cell) for cell in row] for row in table.rows)]
    body = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    notes = "\n".join(f"* {_plain(note)}" for note in table.all_notes)
    return f"{_plain(table.caption)}\n\n{body}\n\n{notes}\n"


def _head(column: Column) -> str:
    return _plain(f"{column.title} ({column.unit})" if column.unit else column.title)


def _cell(cell: Cell) -> str:
    text = _plain(cell.text + cell.mark)
    return f"**{text}**" if cell.best and text else text


def _plain(text: str) -> str:
    """Text in which every special character of Markdown is escaped."""
    for character in "\\|*_<`":
        text = text.replace(character, f"\\{character}")
    return text
