"""All layouts by name, and the recipe of each as data/README.md shows it."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from layouts.america import ercot, ercot_flag, gefcom, pecan_street, pjm
from layouts.britain import elexon, elexon_months, london, refit
from layouts.elsewhere import ausgrid, citylearn, entsoe
from layouts.forecasting import ett, metr_la, nixtla
from layouts.iberia import cnmc, datadis, uci
from layouts.truth import Layout

LAYOUTS: tuple[Callable[[], Layout], ...] = (
    london,
    uci,
    datadis,
    cnmc,
    ercot,
    ercot_flag,
    pjm,
    entsoe,
    elexon,
    elexon_months,
    citylearn,
    ett,
    refit,
    pecan_street,
    ausgrid,
    gefcom,
    metr_la,
    nixtla,
)


def recipe(root: Path, heading: str) -> dict[str, Any]:
    """The block ``data.source`` that data/README.md shows under a heading of the section `table`."""
    page = (root / "data/README.md").read_text(encoding="utf-8")
    found = re.search(rf"^#### {re.escape(heading)}\n(.*?)(?=^#|\Z)", page, re.MULTILINE | re.DOTALL)
    assert found, f"data/README.md does not have the heading {heading!r}"
    block = re.search(r"^```yaml\n(.*?)^```", found[1], re.MULTILINE | re.DOTALL)
    assert block, f"data/README.md shows no recipe under {heading!r}"
    source = yaml.safe_load(block[1])
    assert isinstance(source, dict)
    return source
