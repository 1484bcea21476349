"""Places that have an emission factor, from the tables that CodeCarbon ships, read as data."""

import importlib.util
import json
from functools import cache
from pathlib import Path
from typing import Any

UNKNOWN = "unknown"
# Regional files hold their unit and source beside the regions, under keys with these prefixes.
NOTE = "_"


@cache
def countries() -> frozenset[str]:
    """ISO 3166 alpha-3 codes that have a factor."""
    return frozenset(factor_table("global_energy_mix.json"))


@cache
def regions(country_iso: str) -> frozenset[str]:
    """Regions of a country that have their own factor, in lower case; only USA and CAN have any."""
    files = {"USA": "2023/usa_emissions.json", "CAN": "2023/canada_energy_mix.json"}
    if country_iso not in files:
        return frozenset()
    return frozenset(name for name in factor_table(files[country_iso]) if not name.startswith(NOTE))


@cache
def factor_table(name: str) -> dict[str, Any]:
    """One of CodeCarbon's files of factors, found without importing CodeCarbon, which takes 0.1 s."""
    spec = importlib.util.find_spec("codecarbon")
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("codecarbon is not installed: run make reproduce, or pip install codecarbon")
    path = Path(spec.submodule_search_locations[0]) / "data/private_infra" / name
    table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return table
