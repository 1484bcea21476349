"""Where the numbers come from: machines, versions, commits, locations, factors."""

import json
from typing import Any

import pandas as pd


def origin_of(runs: pd.DataFrame) -> dict[str, Any]:
    """Distinct machines, versions, commits, locations and emission factors of all jobs."""
    factors = runs[["co2e_source", "intensity_g_per_kwh"]].dropna().round(3).drop_duplicates()
    places = runs[["country_iso", "region"]].drop_duplicates()
    return {
        "machines": [json.loads(text) for text in runs["machine"].unique()],
        "versions": [json.loads(text) for text in runs["versions"].unique()],
        "commits": [
            f"{row['commit']}{_dirty(row['dirty'])}"
            for row in runs[["commit", "dirty"]].drop_duplicates().to_dict("records")
        ],
        "locations": [
            "unknown"
            if pd.isna(row["country_iso"])
            else row["country_iso"] + ("" if pd.isna(row["region"]) else f", {row['region']}")
            for row in places.to_dict("records")
        ],
        "factors": [
            f"{row['intensity_g_per_kwh']:.1f} g CO₂e per kWh ({row['co2e_source']})"
            for row in factors.to_dict("records")
        ],
        "started_utc": str(runs["started_utc"].min()),
    }


def _dirty(dirty: Any) -> str:
    if pd.isna(dirty):
        return " (no git checkout, changes unknown)"
    return " (with uncommitted changes)" if dirty else ""
