"""Of generated tables, inspect proposes a block that reads the truth, asks, or refuses; none is wrong in silence."""

import os
import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import Phase, assume, given, settings

from generated_tables.drawn import Drawn, tables
from generated_tables.made import make
from layouts.truth import assert_same
from wattshed.data.inspection.proposal import propose
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.foundation.faults import Fault


def shows_its_clock(drawn: Drawn) -> bool:
    """Standard time all year shows only where the span has a change; nothing in a file tells it in summer."""
    days = pd.date_range(drawn.first_day, periods=drawn.days + 1, freq="D", tz=drawn.zone)
    return drawn.dst != "none" or len({day.utcoffset() for day in days}) > 1


@given(tables())
@settings(max_examples=15, deadline=None, phases=[Phase.reuse, Phase.generate])
def test_no_proposal_is_wrong_in_silence(drawn: Drawn):
    # Of one node alone, no column repeats that would show which holds its name.
    assume(shows_its_clock(drawn) and len(drawn.nodes) > 1)
    layout, block, decidable = make(drawn)
    quantity, unit, panel_unit, _ = drawn.unit
    given = {"timezone": drawn.zone, "unit": unit, "quantity": quantity, "step_minutes": drawn.step_minutes}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        layout.write(folder)
        try:
            found = propose(
                sorted(folder / name for name in layout.files), os.fspath(folder / block["path"]), given
            )
            if found.undecided:
                return
            said = {**found.block, "panel_unit": panel_unit}
            panel = load_panel(Settings(**said), folder)
        except Fault:
            return
        assert_same(panel, layout, some_left_out=not decidable)
