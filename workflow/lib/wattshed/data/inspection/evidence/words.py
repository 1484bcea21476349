"""What names of columns usually mean, in the languages that such tables are written in."""

import re

_TIME = (
    "time date datetime timestamp ts ds when fecha data datum zeit zeitstempel zeitpunkt horodate heure mtu day dia "
    "instant period_start start stdortod operday settlement unix epoch utc local hour_ending"
)
TIME = frozenset(_TIME.split())
_HOUR = "hour hora hours he hr stunde heure hourending h"
HOUR = frozenset(_HOUR.split())
_PERIOD = "period settlement_period sp periodo halfhour interval quarter"
PERIOD = frozenset(_PERIOD.split())
_NODE = (
    "node meter meter_id meterid id lclid cups unique_id customer customer_id household home house house_id building "
    "building_id dataid zone zone_id site site_id sensor sensor_id station name client user region country area "
    "mpan nmi prosumer feeder substation bus"
)
NODE = frozenset(_NODE.split())
_VALUE = (
    "value kwh wh mwh kw mw w y load demand consumption consumo energy power usage use reading ae_kwh consumo_kwh "
    "aggregate verbrauch last leistung energie lastgang wert consommation conso puissance"
)
VALUE = frozenset(_VALUE.split())
DATE_PARTS = {
    "year": frozenset(("year", "yr", "jahr", "ano", "anio", "annee")),
    "month": frozenset(("month", "mes", "monat", "mois")),
    "day": frozenset(("day", "dia", "tag", "jour")),
}
CALENDAR = frozenset(
    ("hour", "hora", "weekday", "dayofweek", "day_of_week", "minute", "week", "quarter", "season", "doy")
).union(*DATE_PARTS.values())
# Numbers that are not readings of the load.
OTHER = re.compile(
    r"temp|humid|wind|solar|cloud|pressure|precip|rain|price|tariff|forecast|prognos|flag|quality|issue|latitude|"
    r"longitude|holiday|weekday|day.?type|savings|status|capacity|postcode|generator|embedded|interconnector|storage|"
    r"pump|flow|methode?|metodo|estimad|voltage|reactive|power.?factor|frequency|intensity",
    re.IGNORECASE,
)
TOTAL = re.compile(r"^(total|sum|summe|all|overall|system)$|total", re.IGNORECASE)
GENERATION = re.compile(
    r"generat|solar|\bpv\b|wind|production|produccion|erzeugung|excedente|export|feed.?in", re.IGNORECASE
)
ENDS = re.compile(r"end(ing|e|s)?\b|\bhe\b|hourending|_end$|bis\b|until", re.IGNORECASE)
STARTS = re.compile(r"begin|start(?!dortod)|\bfrom\b|von\b", re.IGNORECASE)


def tokens(name: str) -> list[str]:
    """Words of a name in lower case: of `MeterId`, `meter_id` and `Meter ID` the same."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [word for word in re.split(r"[^A-Za-z0-9]+", spaced.lower()) if word]


def means(name: str, words: frozenset[str]) -> bool:
    """Whether a name is one of ``words``, as a whole or in one of its parts."""
    parts = tokens(name)
    return "_".join(parts) in words or "".join(parts) in words or any(part in words for part in parts)


def is_exactly(name: str, words: frozenset[str]) -> bool:
    parts = tokens(name)
    return "_".join(parts) in words or "".join(parts) in words
