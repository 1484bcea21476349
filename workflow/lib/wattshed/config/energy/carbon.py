"""The ``carbon`` block: the named factors that convert energy to a mass of CO2e. It never changes a measurement."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from wattshed.config.block import Block


class YearlyIntensity(Block):
    kind: Literal["yearly"] = Field(
        default="yearly", description="The yearly mix of the machine's country or region."
    )


class HourlyIntensity(Block):
    kind: Literal["hourly"] = Field(description="A recorded series, hour by hour.")
    path: str = Field(
        min_length=1, description="Parquet or CSV with a column of UTC times and a column of intensities."
    )
    time_column: str = Field(
        default="time", min_length=1, description="Column of UTC times, one row per hour."
    )
    intensity_column: str = Field(
        default="carbon_intensity_direct",
        min_length=1,
        description="Column of intensities [g CO2e per kWh].",
    )
    fallback: Literal["none", "yearly"] = Field(
        default="none",
        description="What a run outside the series gets: no mass, or the yearly factor, reported as such.",
    )


class PanelIntensity(Block):
    kind: Literal["panel"] = Field(
        description="The panel's own hourly series, at the hour of the year in which the job ran: what it would "
        "have cost in the recorded year."
    )


class LiveIntensity(Block):
    kind: Literal["electricity_maps"] = Field(
        description="The Electricity Maps API, with a key in the environment; answers are kept on disk."
    )
    zone: str = Field(
        pattern=r"^[A-Z]{2}(-[A-Za-z0-9]+)*$",
        description="Zone of Electricity Maps, such as DE or US-CAL-CISO.",
    )
    cache_folder: str = Field(
        default="data/electricity_maps",
        min_length=1,
        description="Where answers are kept, one file per zone and UTC day.",
    )
    fallback: Literal["none", "yearly", "series"] = Field(
        default="none", description="What is used if there is neither a network nor a kept answer."
    )
    fallback_series: HourlyIntensity | None = Field(
        default=None,
        description="The recorded series that `fallback: series` uses; it has a fallback of its own.",
    )

    @model_validator(mode="after")
    def _series_only_as_fallback(self) -> "LiveIntensity":
        if (self.fallback == "series") != (self.fallback_series is not None):
            raise ValueError("fallback series and fallback_series belong together: give both or neither")
        return self


IntensitySource = Annotated[
    YearlyIntensity | HourlyIntensity | PanelIntensity | LiveIntensity, Field(discriminator="kind")
]


class CarbonBlock(Block):
    intensity: IntensitySource = Field(
        default=YearlyIntensity(), description="Where the carbon intensity of electricity comes from."
    )
    pue: float = Field(
        default=1.0,
        ge=1,
        le=5,
        description="Power usage effectiveness: the facility's energy divided by the machines'; applied "
        "once, to mass and "
        "facility energy.",
    )
    water_l_per_kwh: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Water consumed per kWh of facility energy [L/kWh]; needs water_source.",
    )
    water_source: str | None = Field(
        default=None, min_length=1, description="Source of the number: paper, table or operator."
    )
    embodied_kg: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Mass of CO2e of making the machine [kg]; needs lifetime_h and embodied_source.",
    )
    lifetime_h: float | None = Field(
        default=None,
        gt=0,
        allow_inf_nan=False,
        description="Hours of use over which embodied_kg is spread [h].",
    )
    embodied_source: str | None = Field(
        default=None,
        min_length=1,
        description="Source of the numbers: the manufacturer's data sheet or a paper.",
    )

    leaders_limit_kg: float | None = Field(
        default=None,
        gt=0,
        description="Mass [kg CO2e] below which a model can be a low-carbon leader; null takes the median of the "
        "study's models.",
    )

    @model_validator(mode="after")
    def _nothing_without_its_source(self) -> "CarbonBlock":
        water = (self.water_l_per_kwh, self.water_source)
        embodied = (self.embodied_kg, self.lifetime_h, self.embodied_source)
        if any(part is None for part in water) and any(part is not None for part in water):
            raise ValueError("water_l_per_kwh and water_source belong together: give both or neither")
        if any(part is None for part in embodied) and any(part is not None for part in embodied):
            raise ValueError(
                "embodied_kg, lifetime_h and embodied_source belong together: give all three or none"
            )
        return self
