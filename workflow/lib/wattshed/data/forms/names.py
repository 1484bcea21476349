"""Names under which tables have times, nodes and readings; compared without case, blanks, signs and brackets."""

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


TIME = _words(
    "time date datetime timestamp ds ts dt tstp mtu utc unix unixtime epoch localtime localtimestamp localminute "
    "local15min localhour utctime utctimestamp timeutc datetimeutc cetcesttimestamp timestamputc timestamplocal "
    "hourending periodending intervalending intervalstart intervalend starttime endtime periodstart periodend "
    "datehour datetimebeginningept datetimebeginningutc settlementdate deliverydate operday operatingday fecha "
    "fechahora datum zeit zeitstempel"
)
NODE = _words(
    "node nodeid uniqueid lclid dataid id meter meterid meternumber customer customerid household householdid home "
    "homeid house houseid building buildingid station stationid sensor sensorid site siteid zoneid regionid client "
    "clientid user userid cups region zone area country series seriesid item itemid location"
)
VALUE = _words(
    "value values y kwh kw w wh mw mwh gw gwh kwhhh consumption consumptionkwh consumokwh consumo aekwh energy "
    "energykwh energywh energymwh power powerw powerkw powermw activepower activeenergy load loadw loadkw loadmw "
    "loadkwh loadmwh totalload actualload actualtotalload demand demandw demandkw demandmw demandkwh demandmwh "
    "reading readings usage usagekwh use usekwh speed flow"
)
# Parts of a calendar: never nodes of a wide table unless its user says so.
CALENDAR = _words(
    "year month day hour minute weekday dayofweek dayofyear daytype period settlementperiod he hora"
)
ENDING = re.compile(
    r"(hour|period|interval|time|stamp)(beginning)?end(ing)?|end(ing)?(time|hour)|^end(ing)?$|^he$"
)


def plain(name: str) -> str:
    """A name for comparison: ``KWH/hh (per half hour)`` is ``kwhhh``, ``Date_Time`` is ``datetime``."""
    bare = re.sub(r"\s*[(\[].*[)\]]\s*$", "", name) or name
    return re.sub(r"[\s_\-./:]+", "", bare).casefold()


def says_ending(name: str) -> bool:
    """Whether the name of a column of times says that they are the ends of intervals, as ``Hour Ending`` does."""
    return ENDING.search(plain(name)) is not None


def shown(names: "tuple[str, ...] | list[str]", most: int = 6) -> str:
    """The first names, for messages."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
