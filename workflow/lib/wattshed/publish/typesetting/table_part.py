"""What a table's module declares: TABLE = TablePart(...)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wattshed.foundation.extending.checks import made_by
from wattshed.foundation.faults import Fault
from wattshed.foundation.writing import write_text
from wattshed.publish.notes.windows import window_notes
from wattshed.publish.parts.class_words import OF_OTHERS, in_class_words, says_classes
from wattshed.publish.parts.declaration import declared, made_from
from wattshed.publish.parts.inputs import Inputs
from wattshed.publish.typesetting.latex import render_table
from wattshed.publish.typesetting.table import Table

Made = Table | Sequence[Table] | Mapping[str, Table]


@dataclass(frozen=True, kw_only=True)
class TablePart:
    """A table, or several that one module makes. Fields as in :class:`Declaration`, given as literals.

    make: gets the inputs and returns one table, a list of tables for one file, or a dictionary of tables by file stem.
    ``files`` names the stems if there are several files, or if the only one is not named like its part. windows: of
    which windows it shows energies; its notes then say which were not alone and which are lower bounds. It needs
    the input ``windows``.
    """

    message: str
    caption: str
    inputs: tuple[str, ...]
    make: Callable[[Inputs], Made]
    parameters: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    in_report_only: bool = False
    windows: tuple[str, ...] = ()

    def tables(self, name: str, inputs: Inputs) -> dict[str, list[Table]]:
        """The tables by file stem, made under the part's name.

        Raises :class:`Fault` for an input that is missing, and if the files are not those that the part declares.
        """
        given = made_from("table", name, inputs)
        made = self.make(given)
        files = declared("table", name).files
        by_file = made if isinstance(made, Mapping) else {files[0]: made}
        if not self.in_report_only and set(by_file) != set(files):
            raise Fault(
                f"the table {name!r} made {', '.join(by_file) or 'nothing'}: expected {', '.join(files)}; correct the "
                "files of its declaration."
            )
        tables = {
            file: list(found) if isinstance(found, Sequence) else [found] for file, found in by_file.items()
        }
        for table in (table for found in tables.values() for table in found):
            made_by("table", name, table, Table)
        notes = window_notes(given.frame("windows"), self.windows) if self.windows else []
        words = _in_class_words if says_classes(inputs) and name not in OF_OTHERS else _as_written
        return {
            file: [words(replace(table, notes=[*table.notes, *notes])) for table in found]
            for file, found in tables.items()
        }

    def write(self, name: str, inputs: Inputs, folder: Path) -> None:
        """Write each file as ``{file}.tex`` into the folder, once all tables are made."""
        texts = {
            file: "\n".join(render_table(table) for table in tables)
            for file, tables in self.tables(name, inputs).items()
        }
        for file, text in texts.items():
            write_text(folder / f"{file}.tex", text)


def _in_class_words(table: Table) -> Table:
    """A table whose caption, notes and titles are in the words of classes; its cells, names and numbers, stay."""
    return replace(
        table,
        caption=in_class_words(table.caption),
        columns=[
            replace(column, title=in_class_words(column.title), unit=in_class_words(column.unit))
            for column in table.columns
        ],
        notes=[in_class_words(note) for note in table.notes],
    )


def _as_written(table: Table) -> Table:
    return table
