"""CSVs of CodeCarbon, of every age and as people keep them, as rows of the runs frame."""

import csv
import math
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any

from wattshed.accounts.reading.codecarbon_rows import CODECARBON, codecarbon_row, number
from wattshed.accounts.reading.frame_types import LABELS
from wattshed.accounts.reading.identities import identity
from wattshed.accounts.tables.dialects import (
    NotThisTable,
    Table,
    TooLong,
    ledgers_in_archive,
    open_tables,
    split_header,
)
from wattshed.accounts.tables.names import TABLE, original, without_compression
from wattshed.accounts.tables.numbers import Ambiguous, decimal_marks, plain_number
from wattshed.foundation.opening.regular_files import DAMAGED, why

__all__ = ["CODECARBON", "COPY_KEY", "NotCodeCarbon", "foreign_rows"]

# Every version writes these; run_id came with 2.0, the energies of the parts with 1.2.
ENERGY = "energy_consumed"
NEEDED = frozenset({"emissions", ENERGY})
NAMING = frozenset({"run_id", "experiment_id", "project_name", "timestamp"})
SUFFIX = "_emissions"
UNKNOWN = "unknown"
COUNTED = ("duration", ENERGY, "cpu_energy", "gpu_energy", "ram_energy")
NUMBERS = (
    *COUNTED,
    *("emissions", "emissions_rate", "cpu_power", "gpu_power", "ram_power", "pue", "wue", "water_consumed"),
    *("cpu_count", "gpu_count", "ram_total_size", "longitude", "latitude", "ram_used_gb"),
    *("cpu_utilization_percent", "gpu_utilization_percent", "ram_utilization_percent"),
)
# No run lasts a century or takes the world's electricity of an hour.
LONGEST_S = 100 * 365.25 * 86400
LARGEST_KWH = 3e9
LARGEST_PUE = 10.0
# A larger difference between the parts and their sum cannot come from rounding.
SUM_TOLERANCE = 0.01
# A column of the rows alone: equal for the copies of a row that no run_id names, else null.
COPY_KEY = "copy_key"
BETWEEN = "\x1f"

NotCodeCarbon = NotThisTable


def foreign_rows(path: str, root: str, problems: list[str]) -> Iterator[dict[str, Any]]:
    """Rows of one file, one per run; sentences on what cannot be used are added to ``problems`` as it is read.

    CodeCarbon's rows are cumulative within a run and a file may hold several runs, appended when the program ran
    again: the last row of each ``run_id`` counts, and runs are never merged. A row without a ``run_id``, as before
    version 2, is a run of its own. The layout ``<model>/<country>/<season>/<run>_emissions.csv`` below ``root`` gives
    labels. Raises :class:`NotCodeCarbon` before the first row.
    """
    labels = _labels(path.rpartition("/")[0], root)
    seen = False
    try:
        for table in open_tables(path, ENERGY):
            try:
                yield from _Runs(table, path, labels, problems).rows()
            except NotCodeCarbon:
                continue
            seen = True
    except NotCodeCarbon:
        pass
    except DAMAGED as error:
        problems.append(
            f"{path} cannot be read ({why(error)}): the rest of it is left out; restore the file, or give this user "
            "the right to read it."
        )
        return
    if path.lower().endswith(".zip") and (inside := ledgers_in_archive(path)):
        problems.append(f"{path} holds {inside} ledgers, which are not read from an archive: unpack it.")
    elif not seen:
        raise NotCodeCarbon


class _Tasks(Exception):
    """A file of ``start_task`` and ``stop_task``: its rows are parts of runs."""


class _Runs:
    """The runs of one table."""

    def __init__(self, table: Table, path: str, labels: dict[str, Any], problems: list[str]) -> None:
        self._table = table
        self._path = path
        self._labels = labels
        self._problems = problems
        self._job = _job(table.place)
        self._headers: list[list[str]] = []
        # Per run_id the header, the energy and the cells of its last row; as one text, they take a tenth of the memory.
        self._last: dict[str, tuple[int, float, str]] = {}
        self._unnamed: dict[str, int] = {}
        self._marks: frozenset[str] | None = None

    def rows(self) -> Iterator[dict[str, Any]]:
        lines = iter(self._table.lines)
        header, self._separator, line = split_header(lines, frozenset({ENERGY}))
        reader = csv.reader(lines, delimiter=self._separator)
        found = len(self._problems)
        count = 0
        try:
            self._set_header(header)
            for cells in reader:
                row = self._row(cells, f"{self._table.place}, row {line + reader.line_num}")
                if row is not None:
                    count += 1
                    yield row
        except _Tasks:
            self._problems.append(
                f"{self._table.place} holds the tasks of runs, whose own rows count: it is left out."
            )
            return
        except (csv.Error, TooLong) as error:
            # The line that is too long was not given to the reader, which counts them.
            number = line + reader.line_num + isinstance(error, TooLong)
            self._problems.append(
                f"{self._table.place}, row {number}: {error}: the rest of the file is left out."
            )
        for run_id in list(self._last):
            place, _, text = self._last.pop(run_id)
            cells_by_name = dict(zip(dict.fromkeys(self._headers[place]), text.split(BETWEEN), strict=True))
            if doubt := _doubtful_sum(cells_by_name):
                self._problems.append(f"{self._table.place}, run {run_id}: {doubt}")
            count += 1
            yield self._run(run_id, cells_by_name, None)
        if not count and len(self._problems) == found:
            self._problems.append(
                f"{self._table.place} has a header and no row: a run that was killed before CodeCarbon wrote one."
            )

    def _set_header(self, names: list[str]) -> None:
        while names and not names[-1]:  # spreadsheets add empty columns
            names = names[:-1]
        known = set(names)
        if not known >= NEEDED or not known & NAMING:
            raise NotCodeCarbon
        if "task_name" in known:
            raise _Tasks
        self._headers.append(names)

    def _row(self, cells: list[str], place: str) -> dict[str, Any] | None:
        """The run of a row that no ``run_id`` names; any other row is kept until the file's end."""
        header = self._headers[-1]
        if not cells or not any(cells):
            return None
        if ENERGY in cells and "emissions" in cells:
            # Again in files that were written one behind the other.
            self._set_header([cell.strip().lstrip("\ufeff").lower() for cell in cells])
            return None
        if len(cells) != len(header):
            if len(cells) < len(header) or any(cells[len(header) :]):
                self._problems.append(
                    f"{place} has {len(cells)} of {len(header)} columns: a torn row is left out."
                )
                return None
            cells = cells[: len(header)]
        row = dict(zip(header, cells, strict=True))
        wrong = self._in_plain_numbers(row) or _wrong(row)
        if wrong:
            self._problems.append(f"{place}: {wrong}: the row is left out.")
            return None
        run_id = identity(row.get("run_id"))
        if run_id is None:
            if doubt := _doubtful_sum(row):
                self._problems.append(f"{place}: {doubt}")
            return self._run(place, row, self._copy_key(row))
        self._keep(run_id, row, place)
        return None

    def _keep(self, run_id: str, row: dict[str, str], place: str) -> None:
        kwh = float(row[ENERGY])
        before = self._last.get(run_id)
        if before and kwh < before[1]:
            self._problems.append(
                f"{place}: the energy of run {run_id} falls from {before[1]:g} to {kwh:g} kWh, so that its rows are "
                "not cumulative: the last one is taken; check that it is the run's."
            )
        text = BETWEEN.join(row.values())
        if text.count(BETWEEN) != len(row) - 1:
            text = BETWEEN.join(cell.replace(BETWEEN, " ") for cell in row.values())
        self._last[run_id] = (len(self._headers) - 1, kwh, text)

    def _run(self, run_id: str, row: dict[str, str], copy_key: str | None) -> dict[str, Any]:
        run = codecarbon_row(run_id, row, self._path, self._job, self._labels)
        run[COPY_KEY] = copy_key
        return run

    def _in_plain_numbers(self, row: dict[str, str]) -> str | None:
        """Rewrite decimal commas in the row; a sentence on a number that may be read in two ways."""
        if self._separator == "," and "," not in BETWEEN.join(row.values()):
            return None
        if self._marks is None:
            self._marks = self._decimal_marks()
        for name in NUMBERS:
            text = row.get(name)
            if not text:
                continue
            try:
                row[name] = plain_number(text, self._marks)
            except Ambiguous:
                return (
                    f"{name} is {text!r}, where the mark may separate decimals or thousands (save the file with "
                    "decimal points and without separators of thousands)"
                )
        return None

    def _decimal_marks(self) -> frozenset[str]:
        """What the first rows of the file say."""
        names = self._headers[0]
        rows = csv.reader(self._table.head.splitlines(), delimiter=self._separator)
        numbers = [place for place, name in enumerate(names) if name in NUMBERS]
        try:
            found = [row for row in rows if len(row) >= len(names)]
        except csv.Error:
            found = []
        return decimal_marks(row[place] for row in found for place in numbers)

    def _copy_key(self, row: dict[str, str]) -> str | None:
        """Equal for rows that are copies of one another, in another file or another dialect.

        Rows of one file are never copies. Two runs cannot agree in their ends and, to a microsecond, in their
        durations; if the durations are whole seconds, only files whose names mark them as copies hold copies.
        """
        if not identity(row.get("timestamp")):
            return None
        numbers = (number(row.get(name)) for name in (*COUNTED, "emissions"))
        key = "\t".join([row["timestamp"], *map(repr, numbers)])
        again = self._unnamed[key] = self._unnamed.get(key, 0) + 1
        whole = (number(row.get("duration")) or 0.0).is_integer()
        return f"{original(self._path) if whole else ''}\t{again}\t{key}"


def _wrong(row: dict[str, str]) -> str | None:
    for name in COUNTED:
        text = row.get(name)
        if not text:
            continue
        try:
            value = float(text)
        except ValueError:
            return f"{name} is {text!r}, expected a number"
        if not 0 <= value < math.inf:
            return f"{name} is {text}, expected a number that is not negative"
        if value > (LONGEST_S if name == "duration" else LARGEST_KWH):
            return f"{name} is {text}, which is impossible"
    if not row[ENERGY]:
        return f"{ENERGY} is empty, expected kWh"
    pue = row.get("pue")
    if pue and not 1 <= (number(pue) or math.nan) <= LARGEST_PUE:
        return f"pue is {pue}, expected a number from 1"
    return None


def _doubtful_sum(row: dict[str, str]) -> str | None:
    parts = [number(row.get(f"{name}_energy")) for name in ("cpu", "ram", "gpu")]
    if None in parts:
        return None
    kwh = sum(filter(None, parts))
    if math.isclose(kwh, float(row[ENERGY]), rel_tol=SUM_TOLERANCE):
        return None
    return f"its parts sum to {kwh:g} kWh and energy_consumed says {row[ENERGY]}: the parts are taken."


@lru_cache(maxsize=1024)
def _labels(folder: str, root: str) -> dict[str, Any]:
    labels: dict[str, Any] = dict.fromkeys(LABELS)
    folders = Path(folder).relative_to(root).parts if Path(folder).is_relative_to(root) else ()
    if len(folders) >= 3:
        labels.update(zip(("model", "data_country", "season"), folders[-3:], strict=True))
    elif folders:
        labels["model"] = folders[0]
    return {name: None if value == UNKNOWN else value for name, value in labels.items()}


def _job(place: str) -> str:
    name = without_compression(place.replace("\\", "/").rpartition("/")[2])
    found = TABLE.search(name.lower())
    return (name[: found.start()] if found else PurePath(name).stem).removesuffix(SUFFIX)
