"""Tables in any order, dialect, clock and unit are read to their truth or refused; none is wrong in silence."""

import tempfile
from pathlib import Path

from hypothesis import given, settings

from generated_tables.drawn import Drawn, tables
from generated_tables.outcome import read


@given(tables())
@settings(max_examples=100)
def test_a_generated_table_is_read_to_its_truth_or_refused(drawn: Drawn):
    with tempfile.TemporaryDirectory() as folder:
        read(drawn, Path(folder))
