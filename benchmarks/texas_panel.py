"""Make the table of config/ladder_texas.yaml from the archive of simulated homes, which has no time stamps.

python benchmarks/texas_panel.py ~/Downloads/eulp_tx.parquet
"""

import argparse
import sys
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
HOURS = 8760


def panel_table(homes: pd.DataFrame) -> pd.DataFrame:
    """One column per home and the hours of 2018 in Texas' winter time, in which simulations count.

    homes: 8,760 rows, one number column per home [kWh]. Raises ValueError for any other form.
    """
    if len(homes) != HOURS or homes.shape[1] < 2 or homes.select_dtypes("number").shape[1] != homes.shape[1]:
        raise ValueError(
            f"{len(homes):,} rows of {homes.shape[1]} columns; expected {HOURS:,} rows and one number column per home"
        )
    table = homes.rename(columns=lambda name: f"home_{name.rsplit('-', 1)[-1]}")
    table.insert(0, "time", pd.date_range("2018-01-01", periods=HOURS, freq="h", tz="Etc/GMT+6"))
    return table


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("homes", type=Path, help="Parquet file, see data/README.md")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "data/texas/panel.parquet", help="table to write"
    )
    arguments = parser.parse_args()
    try:
        table = panel_table(pd.read_parquet(arguments.homes))
    except (OSError, ValueError) as error:
        sys.exit(f"{arguments.homes} cannot be taken ({error}): see data/README.md for the expected file.")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    part = arguments.output.with_name(arguments.output.name + ".part")
    table.to_parquet(part, index=False)
    part.replace(arguments.output)


if __name__ == "__main__":
    main()
