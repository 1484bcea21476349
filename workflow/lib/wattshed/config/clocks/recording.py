"""One entry of ``clocks.recordings``: a recorded sweep that the study judges."""

import difflib
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from wattshed.config.block import Block
from wattshed.config.clocks.recording_columns import NAMES, QUANTITIES, UNITS
from wattshed.foundation import plugins
from wattshed.foundation.extending.checks import check_own

AUTO = "auto"


class RecordingBlock(Block):
    path: str = Field(
        min_length=1, description="File of the recording, or a folder with one power log per run."
    )
    reader: str = Field(
        default=AUTO,
        description="Layout of the file: `table`, `nvidia_smi`, `dcgm`, `zeus_limits`, `zeus_profile`, or a plug-in "
        "of the study; `auto` finds it from the file's first lines.",
    )
    marks: str | None = Field(
        default=None,
        min_length=1,
        description="CSV that says when each run of a power log began and ended; a folder's own is "
        "`timing_summary.log`.",
    )
    gpu: str | None = Field(
        default=None,
        min_length=1,
        description="Only this GPU, by name or uuid; its name if the recording does not name it.",
    )
    gpu_index: int | None = Field(
        default=None, ge=0, le=255, description="Only the GPU with this index in a power log of several."
    )
    workload: str | None = Field(
        default=None,
        min_length=1,
        description="Only this workload; its name if the recording does not name it.",
    )
    knob: Literal["auto", "clock", "power_limit"] = Field(
        default="auto",
        description="What the sweep turned, where the recording has columns of both: `clock` or `power_limit`.",
    )
    columns: dict[str, str] = Field(
        default={}, description="Names of columns that are called otherwise in the file, as `ours: theirs`."
    )
    header: list[str] = Field(
        default=[], description="Names of the columns, in their order, of a file without a header."
    )
    units: dict[str, str] = Field(
        default={},
        description="Units of columns that are not in ours, as `power_w: mW`; our units are in the columns' names.",
    )
    period_s: float | None = Field(
        default=None,
        gt=0,
        le=60,
        description="Time between two samples [s] of a power log without time stamps; energies by it are labelled "
        "`stated`.",
    )
    time_zone: str | None = Field(
        default=None,
        description="Time zone of time stamps without offset, as `Europe/Berlin`; `null`: UTC, unless only one of log "
        "and marks has offsets and another zone would fit too, which is refused.",
    )

    @field_validator("reader")
    @classmethod
    def _reader_is_known(cls, reader: str) -> str:
        if reader != AUTO:
            check_own("recording", plugins.check_name("recording", reader))
        return reader

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, zone: str | None) -> str | None:
        try:
            ZoneInfo(zone or "UTC")
        except (KeyError, ValueError, OSError):  # a folder's name, an absolute path, an unknown name
            raise ValueError(
                f"{zone!r} is not a time zone; expected a name such as Europe/Berlin or UTC"
            ) from None
        return zone

    @field_validator("columns")
    @classmethod
    def _columns_are_ours(cls, columns: dict[str, str]) -> dict[str, str]:
        for ours in columns:
            _known(ours, NAMES, "column")
        theirs = list(columns.values())
        if repeated := sorted({name for name in theirs if theirs.count(name) > 1}):
            raise ValueError(
                f"the file's column {repeated[0]!r} is given two names; expected each column once"
            )
        return columns

    @field_validator("header")
    @classmethod
    def _header_names_differ(cls, header: list[str]) -> list[str]:
        if repeated := sorted({name for name in header if header.count(name) > 1}):
            raise ValueError(f"{repeated[0]!r} is listed twice; expected each column once")
        return header

    @field_validator("units")
    @classmethod
    def _units_are_known(cls, units: dict[str, str]) -> dict[str, str]:
        for column, unit in units.items():
            known = UNITS[QUANTITIES[_known(column, tuple(QUANTITIES), "column with a unit")]]
            if unit not in known:
                raise ValueError(f"{unit!r} is not a unit of {column}; expected one of {', '.join(known)}")
        return units

    @model_validator(mode="after")
    def _keys_of_logs_belong_to_logs(self) -> Self:
        if self.reader == AUTO or plugins.load("recording", self.reader).gives == "samples":
            return self
        for key in ("marks", "period_s", "gpu_index"):
            if getattr(self, key) is not None:
                raise ValueError(
                    f"{key} belongs to a power log, but the reader {self.reader} reads a table of runs; remove {key}"
                )
        return self

    @property
    def inputs(self) -> list[str]:
        """Paths of what is read, as they are written."""
        return [self.path, *([self.marks] if self.marks else [])]

    def factor(self, column: str) -> float:
        """Number of our units in one of the file's."""
        return UNITS[QUANTITIES[column]][self.units[column]] if column in self.units else 1.0


def _known(name: str, names: tuple[str, ...], what: str) -> str:
    if name in names:
        return name
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"did you mean {near[0]!r}" if near else f"expected one of {', '.join(names)}"
    raise ValueError(f"{name!r} is not a {what} of a recording; {hint}")
