"""Turn energy into mass of CO2e by a named factor."""

from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.emissions.emissions import add_emissions, panel_intensity
from wattshed.config.energy.energy import EnergyBlock
from wattshed.config.energy.places import UNKNOWN
from wattshed.energy.carbon.carbon import Location
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.writing import write_parquet


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--runs", type=Path, required=True, help="runs.parquet")
    parser.add_argument("--panel", type=Path, help="panel.safetensors, whose own series kind panel takes")
    parser.add_argument("--energy", required=True, help="energy block as JSON")
    parser.add_argument("--output", type=Path, required=True, help="emissions.parquet to write")
    arguments = parser.parse_args(argv)
    energy = EnergyBlock.model_validate_json(arguments.energy)
    country = None if energy.country_iso == UNKNOWN else energy.country_iso
    series = panel_intensity(arguments.panel) if energy.carbon.intensity.kind == "panel" else None
    location = Location(country, energy.region)
    write_parquet(
        arguments.output,
        add_emissions(read_frame(arguments.runs, COLUMNS["runs"]), energy.carbon, location, series),
    )


if __name__ == "__main__":
    raise SystemExit(run_script(main))
