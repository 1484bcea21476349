"""What the source `table` makes of a generated table: its truth, a refusal, or a panel that is wrong."""

from pathlib import Path

from pydantic import ValidationError

from generated_tables.drawn import Drawn
from generated_tables.made import make, shown_by_the_file
from layouts.truth import assert_same
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.foundation.faults import Fault


def read(drawn: Drawn, folder: Path) -> str | None:
    """None if the panel is the truth, or the sentence of the refusal. AssertionError if the panel is wrong.

    The whole block must be read, unless only the order of shuffled rows could tell an hour that comes twice.
    """
    layout, block, decidable = make(drawn)
    left_out = shown_by_the_file(drawn) & set(block)
    layout.write(folder)
    try:
        settings = Settings(**{key: value for key, value in block.items() if key not in left_out})
        panel = load_panel(settings, folder)
    except (Fault, ValidationError) as refusal:
        sentence = str(refusal)
        assert left_out or not decidable, f"the whole block was refused: {sentence}"
        if isinstance(refusal, Fault):
            assert "\n" not in sentence, f"more than one line: {sentence}"
        return sentence
    assert_same(panel, layout, some_left_out=not decidable)
    return None
