"""Names of the parts that the report of a made study shows, and the numbers in its page."""

import json
import re

PNG = b"\x89PNG\r\n\x1a\n made for a test"
SETTINGS = {"note": "capped at 1 epoch (the study runs 50)"}
TABLES = (
    "main",
    "decisions",
    "accuracy",
    "nodes",
    "energy",
    "frontier",
    "fronts",
    "leaders",
    "normalised",
    "chains",
    "adaptation",
    "matrices",
    "compression",
    "checkpoints",
    "recommended",
    "clock_answers",
    "clock_choices",
    "clock_checks",
    "clock_predictions",
    "clock_governor",
    "clocks",
    "quality",
)
FIGURES = (
    "useful",
    "training",
    "forecasts",
    "frontier",
    "clocks",
    "clock_front",
    "clock_metrics",
    "clock_temperature",
    "clock_phases",
    "degrees",
    "horizons",
    "split",
    "energies",
    "overlay",
    "fronts",
    "chains",
)


def embedded(page):
    return json.loads(
        re.search(r'<script type="application/json" id="numbers">(.*?)</script>', page, re.S)[1]
    )
