"""What tables, figures and the report are made from: results by name, each read when it is first used."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd

from wattshed.data.panel import Panel
from wattshed.foundation.documents import KEYS, read_json, read_yaml
from wattshed.foundation.faults import Fault
from wattshed.foundation.frames import COLUMNS, read_frame

Made = TypeVar("Made")


class Inputs:
    """Results of a study by name, and the settings that belong to its parts.

    files: one or several files per name; an empty list means that the study has no such result.
    workflow/rules/publish.smk lists all names with their files, docs/architecture.md their contents.
    """

    def __init__(
        self, files: Mapping[str, Sequence[Path]], parameters: Mapping[str, Any] | None = None
    ) -> None:
        self._files = {name: list(paths) for name, paths in files.items()}
        self._parameters = dict(parameters or {})
        self._kept: dict[Any, Any] = {}

    def __contains__(self, name: str) -> bool:
        return bool(self._files.get(name))

    def files(self, name: str) -> list[Path]:
        """The files of a result. Raises :class:`Fault` if there are none."""
        if not self._files.get(name):
            raise Fault(
                f"the input {name!r} is missing: expected its file (--input {name} FILE); name it, or leave out what "
                "needs it."
            )
        return self._files[name]

    def frame(self, name: str) -> pd.DataFrame:
        """A result in one or several Parquet files, concatenated."""

        def read() -> pd.DataFrame:
            frames = self.frames(name)
            return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)

        return self.once(("frame", name), read)

    def frames(self, name: str) -> list[pd.DataFrame]:
        """A result in Parquet files, one frame per file. Raises :class:`Fault` for a file of another result."""
        return [read_frame(path, COLUMNS.get(name, ())) for path in self.files(name)]

    def json(self, name: str) -> Any:
        """A result in one JSON file. Raises :class:`Fault` if it cannot be read."""
        return self.jsons(name)[0]

    def jsons(self, name: str) -> list[Any]:
        """A result in JSON files, one value per file."""
        files = self.files(name)
        return self.once(("json", name), lambda: [read_json(path, KEYS.get(name, ())) for path in files])

    @property
    def panel(self) -> Panel:
        files = self.files("panel")
        return self.once(("panel",), lambda: Panel.read(files[0]))

    @property
    def unit(self) -> str:
        """Unit of the panel, and so of the errors."""
        return self.panel.unit

    @property
    def config(self) -> dict[str, Any]:
        """The study's resolved configuration."""
        files = self.files("config")
        return self.once(("config",), lambda: read_yaml(files[0], KEYS["config"]))

    def parameter(self, name: str) -> Any:
        """A setting; None if the study has none."""
        return self._parameters.get(name)

    def once(self, key: Any, make: Callable[[], Made]) -> Made:
        """What ``make`` returns; called only the first time, so that the parts of a report share slow results.

        key: a text; tuples are the keys of what was read.
        """
        if key not in self._kept:
            self._kept[key] = make()
        made: Made = self._kept[key]
        return made

    def only(self, names: Sequence[str], parameters: Sequence[str], part: str) -> "Inputs":
        """The same results, checked for everything that a part needs.

        Raises :class:`Fault` for an input that is missing. What has been read stays shared.
        """
        lacking = [name for name in names if name not in self]
        if lacking:
            raise Fault(
                f"the {part} needs the input {lacking[0]!r}, which is missing: expected --input {lacking[0]} FILE; "
                f"name it. It needs: {', '.join(names)}."
            )
        inputs = Inputs(
            {name: self._files.get(name, []) for name in names},
            {name: self._parameters.get(name) for name in parameters},
        )
        inputs._kept = self._kept
        return inputs

    def replacing(self, **frames: pd.DataFrame) -> "Inputs":
        """The same results with the given frames instead of those read."""
        inputs = Inputs({name: [Path(name)] for name in frames} | self._files, self._parameters)
        inputs._kept = {key: value for key, value in self._kept.items() if isinstance(key, tuple)}
        inputs._kept |= {("frame", name): frame for name, frame in frames.items()}
        return inputs
