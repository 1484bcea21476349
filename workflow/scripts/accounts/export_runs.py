"""Write the jobs for other tools: CodeCarbon's columns and folders, and a Prometheus text file."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from wattshed.accounts.export.codecarbon import write_codecarbon
from wattshed.accounts.export.prometheus import write_prometheus
from wattshed.config.energy.energy import EnergyBlock
from wattshed.foundation.faults import run_script, script_parser
from wattshed.foundation.frames import COLUMNS, read_frame


def main(argv: Sequence[str] | None = None) -> None:
    parser = script_parser(__doc__ or "")
    parser.add_argument("--runs", type=Path, required=True, help="emissions.parquet")
    parser.add_argument("--energy", required=True, help="energy block as JSON")
    parser.add_argument("--output-codecarbon", type=Path, required=True, help="folder to write")
    parser.add_argument("--output-prometheus", type=Path, required=True, help="file to write")
    arguments = parser.parse_args(argv)
    energy = EnergyBlock.model_validate_json(arguments.energy)
    runs = read_frame(arguments.runs, COLUMNS["runs"])
    # Files of jobs that are no longer in the study must not stay.
    shutil.rmtree(arguments.output_codecarbon, ignore_errors=True)
    arguments.output_codecarbon.mkdir(parents=True)
    write_codecarbon(runs, arguments.output_codecarbon, pue=energy.carbon.pue)
    write_prometheus(runs, arguments.output_prometheus)


if __name__ == "__main__":
    raise SystemExit(run_script(main))
