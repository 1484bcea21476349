"""The arguments for the machine's place."""

import argparse
import os
from dataclasses import replace

from wattshed.config.energy.energy import EnergyBlock
from wattshed.config.energy.places import UNKNOWN
from wattshed.energy.host import PLACE, REGION, Host
from wattshed.foundation.faults import Fault


def add_place(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--country",
        metavar="ISO",
        default=os.environ.get(PLACE) or UNKNOWN,
        help="ISO 3166 alpha-3 code of the machine's country, such as ESP; without it energy is reported, but no mass "
        f"of CO2e (also from ${PLACE}; now: %(default)s)",
    )
    parser.add_argument(
        "--region",
        default=os.environ.get(REGION) or None,
        help=f"region within USA or CAN, such as california (also from ${REGION})",
    )


def host_from(arguments: argparse.Namespace) -> Host:
    """The host with the place of the arguments; raises :class:`Fault` for a place without a factor."""
    try:
        block = EnergyBlock(country_iso=arguments.country, region=arguments.region)
    except ValueError as error:
        # pydantic's report holds one line per mistake; the sentence is the message of the first.
        first = error.errors()[0]["msg"] if hasattr(error, "errors") else str(error)
        raise Fault(f"--country/--region: {first.removeprefix('Value error, ')}.") from error
    country = None if block.country_iso == UNKNOWN else block.country_iso
    return replace(Host.from_environment(), country_iso=country, region=block.region)
