"""The arguments for the machine's place."""

import argparse
import os
from dataclasses import replace

from wattshed.config.energy.places import UNKNOWN
from wattshed.energy.host import PLACE, REGION, Host
from wattshed.energy.ledger.scalars import readable
from wattshed.foundation.faults import Fault


def add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--country",
        metavar="ISO",
        default=readable(os.environ.get(PLACE) or UNKNOWN),
        help="ISO 3166 alpha-3 code of the machine's country, such as ESP; without it energy is reported, but no mass "
        f"of CO2e (also from ${PLACE}; now: %(default)s)",
    )
    parser.add_argument(
        "--region",
        default=readable(os.environ.get(REGION) or "") or None,
        help=f"region within USA or CAN, such as california (also from ${REGION})",
    )


def host_from(arguments: argparse.Namespace) -> Host:
    """The host with the place of the arguments; raises :class:`Fault` for a place without a factor."""
    host = Host.from_environment()
    if arguments.country == UNKNOWN and arguments.region is None:
        return replace(host, country_iso=None, region=None)
    # Imported here: pydantic takes a tenth of a second to load.
    from wattshed.config.energy.energy import EnergyBlock

    try:
        block = EnergyBlock(country_iso=arguments.country, region=arguments.region)
    except ValueError as error:
        sentence = f"--country/--region (or ${PLACE}/${REGION}): {first_message(error)}"
        raise Fault(sentence if sentence.endswith("?") else f"{sentence}.") from error
    country = None if block.country_iso == UNKNOWN else block.country_iso
    return replace(host, country_iso=country, region=block.region)


def first_message(error: ValueError) -> str:
    """The message of the first mistake that pydantic reports, whose report has a line for each."""
    first: str = error.errors()[0]["msg"] if hasattr(error, "errors") else str(error)
    return readable(first.removeprefix("Value error, ")).rstrip(".")
