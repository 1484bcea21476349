"""Users' tables in tests: written as bytes, read by the source ``table``."""

from pathlib import Path
from typing import Any

import pytest

from wattshed.data.panel import Panel
from wattshed.data.sources.source import load_panel
from wattshed.data.sources.table import Settings
from wattshed.foundation.faults import Fault


def written(folder: Path, content: str | bytes, name: str = "panel.csv") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def panel_of(folder: Path, content: str | bytes, name: str = "panel.csv", **keys: Any) -> Panel:
    """The panel of one file with these keys of ``data.source``."""
    written(folder, content, name)
    return load_panel(Settings(**{"path": name, **keys}), folder)


def fault_of(folder: Path, content: str | bytes, name: str = "panel.csv", **keys: Any) -> str:
    """The one sentence that refuses a file."""
    with pytest.raises(Fault) as fault:
        panel_of(folder, content, name, **keys)
    said = str(fault.value)
    assert "\n" not in said
    assert name.rsplit("/", 1)[-1] in said
    return said
