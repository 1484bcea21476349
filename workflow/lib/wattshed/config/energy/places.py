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


def meant(code: str) -> str:
    """``; did you mean DEU?`` for what was written instead of a country's code; empty if no country is near."""
    from wattshed.config.energy.place_names import meant_country

    names = {
        code: str(entry.get("country_name", code))
        for code, entry in factor_table("global_energy_mix.json").items()
    }
    found = meant_country(code, names)
    return f"; did you mean {found} ({names[found]})?" if found else ""


def meant_in(country_iso: str, region: str) -> str:
    """As :func:`meant`, for a region of a country."""
    from wattshed.config.energy.place_names import meant_region

    found = meant_region(region, regions(country_iso))
    return f"; did you mean {found}?" if found else ""


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
