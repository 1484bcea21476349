"""Write docs/generated_tables.md: what the source `table` makes of thousands of generated tables.

The tables are the tests' own (tests/helpers/generated_tables), drawn from a fixed seed. A panel that is wrong ends the
run with the table that was drawn.
"""

import argparse
import re
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

# The generator is the tests' own.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/helpers"))

from generated_tables.drawn import Drawn, tables
from generated_tables.made import make, shown_by_the_file
from generated_tables.outcome import read
from wattshed.foundation.provenance import commit_text, describe_commit, describe_machine

ROOT = Path(__file__).resolve().parent.parent
WHOLE, SOME, OPEN = (
    "everything",
    "some keys left out",
    "everything, but shuffled rows hide an hour that comes twice",
)
# The rest of a path, up to the ending of a file or of a pattern; names can have blanks.
ENDING = r"/[^:']*?\.(?:csv|tsv|txt|parquet|xlsx)(?:\.(?:gz|zip))?|" + r"/[^:']*?\.(?:gz|zip)"


def outcomes(count: int, first_seed: int) -> dict[str, Counter[str]]:
    """Sentences by what the block says; an empty sentence is a panel that is the truth."""
    found: dict[str, Counter[str]] = {WHOLE: Counter(), SOME: Counter(), OPEN: Counter()}

    @seed(first_seed)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    @given(tables())
    def each(drawn: Drawn) -> None:
        _, block, decidable = make(drawn)
        said = SOME if shown_by_the_file(drawn) & set(block) else WHOLE if decidable else OPEN
        with tempfile.TemporaryDirectory() as folder:
            found[said][kind_of(read(drawn, Path(folder)), folder)] += 1

    each()
    return found


def kind_of(sentence: str | None, folder: str) -> str:
    """A sentence without what differs from table to table: files in the folder, rows, cells and numbers."""
    if sentence is None:
        return ""
    text = " ".join(sentence.split())
    text = re.sub(re.escape(folder) + f"(?:{ENDING})", "FILE", text)
    text = re.sub(r"(?<!\w)'[^']*'|\"[^\"]*\"", "'...'", text)
    text = re.sub(r"header \([^)]*\)", "header (...)", text)
    text = re.sub(r"\b(?:Europe|America|Australia|Asia)/\w+", "ZONE", text)
    text = re.sub(r" \[type=.*", "", text)
    return re.sub(r"\d+", "N", text)


def page(found: dict[str, Counter[str]], seconds: float, command: str) -> list[str]:
    machine = describe_machine()["processor"]
    total = sum(counts.total() for counts in found.values())
    lines = [
        "# Generated tables: read to the truth or refused",
        "",
        f"Made by `{command}`. {machine}, {datetime.now(UTC):%Y-%m-%d}, commit {commit_text(describe_commit(ROOT))}.",
        "",
        f"{total:,} tables in {seconds:.0f} s, drawn over order, dialect, clock, unit and missing values. **None was "
        "read wrong.** A block that says everything is always read; with keys left out that the file itself may show, "
        "a table is read to its truth or refused.",
        "",
        "| the block says | tables | read to the truth | refused |",
        "|---|---|---|---|",
    ]
    for said, counts in found.items():
        lines.append(f"| {said} | {counts.total():,} | {counts['']:,} | {counts.total() - counts['']:,} |")
    refused: Counter[str] = sum((Counter(counts) for counts in found.values()), Counter())
    del refused[""]
    lines += ["", "## Sentences of refusals", "", "| tables | sentence |", "|---|---|"]
    lines += [f"| {count:,} | {text.replace('|', chr(92) + '|')} |" for text, count in refused.most_common()]
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tables", type=int, default=2000, help="number of tables")
    parser.add_argument("--seed", type=int, default=15, help="of the draws")
    parser.add_argument(
        "--output", type=Path, default=ROOT / "docs/generated_tables.md", help="page to write"
    )
    arguments = parser.parse_args()
    start = time.monotonic()
    found = outcomes(arguments.tables, arguments.seed)
    lines = page(found, time.monotonic() - start, "make benchmark-tables")
    arguments.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"wrote {arguments.output}")


if __name__ == "__main__":
    main()
