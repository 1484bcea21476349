"""``wattshed accounts``: add up ledgers and CodeCarbon CSVs; print, and write tables, pictures and other formats."""

import argparse
import json
from pathlib import Path
from typing import Any

from wattshed.commands.options.place import add_place, host_from
from wattshed.commands.output_place import check_file, check_folder, writing
from wattshed.foundation.faults import Fault

EXAMPLES = """examples:
  wattshed accounts ledgers --country DEU
  wattshed accounts emissions --metrics errors.csv --limit-kg 0.1 --output emissions-accounts
  wattshed accounts emissions --operations flops.csv     # estimates, with a range, for runs without a record
  wattshed accounts results/homes/ledger --json
  wattshed accounts ledgers --country DEU --codecarbon emissions --prometheus /var/lib/node_exporter/wattshed.prom

FOLDER may hold ledgers (*.jsonl), CSVs of any version of CodeCarbon, or both, at any depth, compressed or not; it may
be one such file. The layout <model>/<country>/<season>/<run>_emissions.csv gives models, countries and seasons.
--metrics is a CSV or JSON with one row per run (columns run_id, or model and data_country and season; mae, rmse, r2).
Foreign runs take the yearly factor of the country that they state, ledgers that of --country."""


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "accounts",
        help="aggregate ledgers and CodeCarbon CSVs",
        description="Add up all records below a folder: every run once, and a shared machine's energy only once.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="folder of ledgers and CSVs, or one such file")
    parser.add_argument(
        "--output",
        type=Path,
        help="folder for runs and windows as Parquet and CSV, tables and figures (default: none)",
    )
    parser.add_argument(
        "--codecarbon",
        type=Path,
        metavar="FOLDER",
        help="write every run as CodeCarbon's CSV, below FOLDER as MODEL/COUNTRY/SEASON/RUN_emissions.csv",
    )
    parser.add_argument(
        "--prometheus",
        type=Path,
        metavar="FILE",
        help="write every run's energy, time and mass as a text file for Prometheus (node_exporter reads *.prom)",
    )
    parser.add_argument(
        "--ranks-once",
        action="store_true",
        help="count CodeCarbon's rows of one distributed run once: those with equal hardware, end and duration, of "
        "which each counted the whole machine",
    )
    parser.add_argument("--metrics", type=Path, help="CSV or JSON of errors per run, for fronts and leaders")
    parser.add_argument(
        "--operations",
        type=Path,
        metavar="FILE",
        help="operations per run (run_id or model ..., operations); runs in it without a record are estimated from "
        "those with one; estimates are labelled and never summed with records",
    )
    parser.add_argument(
        "--error",
        choices=("mae", "rmse"),
        default="mae",
        help="error metric by which models are ranked (default: %(default)s)",
    )
    parser.add_argument(
        "--limit-kg",
        type=float,
        default=0.1,
        help="largest mass of a low-carbon leader [kg CO2e] (default: %(default)s)",
    )
    parser.add_argument("--unit", default="", help="unit of the errors, for captions")
    parser.add_argument(
        "--pue", type=float, default=1.0, help="power usage effectiveness (default: %(default)s)"
    )
    add_place(parser)
    parser.add_argument("--json", action="store_true", help="print totals per model and stage as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    # Imported here: pandas takes a second to load, and --help does not need it.
    import pandas as pd

    from wattshed.accounts.emissions.emissions import add_emissions, add_own_emissions
    from wattshed.accounts.estimates.retro import with_mass_range
    from wattshed.accounts.estimates.unrecorded import estimate_unrecorded
    from wattshed.accounts.export.codecarbon import write_codecarbon
    from wattshed.accounts.export.prometheus import write_prometheus
    from wattshed.accounts.runs.collect import collect
    from wattshed.accounts.runs.hardware import add_hardware
    from wattshed.accounts.tables.records import by_model_if_named_so, read_records
    from wattshed.commands.printing.accounts_output import (
        comparable_runs,
        print_estimates,
        print_totals,
        totals_frame,
        write_all,
    )
    from wattshed.config.energy.carbon import CarbonBlock
    from wattshed.energy.carbon.carbon import Location

    if not 1 <= arguments.pue <= 5:
        raise Fault(f"--pue {arguments.pue}: expected a number from 1 to 5.")
    host = host_from(arguments)
    _check_places(arguments)
    metrics = read_records(arguments.metrics, arguments.error) if arguments.metrics else None
    operations = read_records(arguments.operations, "operations") if arguments.operations else None
    collected = collect(arguments.folder, ranks_once=arguments.ranks_once)
    location = Location(host.country_iso, host.region)
    carbon = CarbonBlock(pue=arguments.pue)
    runs = add_hardware(
        add_own_emissions(collected.runs, carbon)
        if location.country_iso is None
        else add_emissions(collected.runs, carbon, location)
    )
    if metrics is not None:
        metrics = by_model_if_named_so(metrics, runs)
    if operations is not None:
        operations = by_model_if_named_so(operations, runs)
    totals = totals_frame(runs)
    models = comparable_runs(runs, collected.windows)
    estimates = pd.DataFrame()
    if operations is not None:
        estimates = estimate_unrecorded(models, operations, location)
        if len(estimates):
            estimates = with_mass_range(add_emissions(estimates, CarbonBlock(pue=arguments.pue), location))
            models = pd.concat([models, estimates], ignore_index=True)
    if arguments.json:
        found = {
            "runs": len(runs),
            "problems": collected.problems,
            "ignored_csv": collected.ignored,
            "retro_estimates": json.loads(estimates.to_json(orient="records")),
            "totals": json.loads(totals.to_json(orient="records")),
        }
        print(json.dumps(found, indent=2))
    else:
        print_totals(runs, totals, collected.problems, collected.ignored)
        if len(estimates):
            print_estimates(models)
    said: list[str] = []
    if arguments.output:
        with writing(arguments.output, "--output"):
            written = write_all(
                arguments.output,
                runs,
                collected.windows,
                models,
                metrics,
                arguments.error,
                arguments.limit_kg,
                arguments.unit,
            )
        said.append(f"Wrote {len(written)} files to {arguments.output}.")
    if arguments.codecarbon:
        files = write_codecarbon(runs, arguments.codecarbon, pue=arguments.pue)
        said.append(f"Wrote {len(files)} of CodeCarbon's CSVs below {arguments.codecarbon}.")
    if arguments.prometheus:
        write_prometheus(runs, arguments.prometheus)
        said.append(f"Wrote {arguments.prometheus}.")
        if arguments.prometheus.suffix != ".prom":
            said.append("node_exporter reads files whose names end in .prom only.")
    if not arguments.json:
        print("\n".join(said), end="\n" if said else "")
    return 0


def _check_places(arguments: argparse.Namespace) -> None:
    """Before anything is read, which may take a while."""
    if arguments.output:
        check_folder(arguments.output, "--output")
    if arguments.codecarbon:
        check_folder(arguments.codecarbon, "--codecarbon")
    if arguments.prometheus:
        check_file(arguments.prometheus, "--prometheus")
