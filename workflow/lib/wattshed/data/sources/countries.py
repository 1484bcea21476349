"""The countries of the source ``nations``."""

from typing import Literal, get_args

Country = Literal[
    "AT", "BE", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "GR",
    "HU", "IE", "IT", "LT", "NL", "PL", "PT", "RO", "RS", "SI",
]  # fmt: skip
COUNTRIES: tuple[str, ...] = get_args(Country)
