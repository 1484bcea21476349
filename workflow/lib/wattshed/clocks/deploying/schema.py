"""The production document: what it holds, checked when it is made; its JSON schema is generated from this."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

# JSON knows no infinity and no NaN.
Number = Annotated[float, Field(allow_inf_nan=False)]
SlowdownClass = Literal["faster", "acceptable", "noticeable", "significant", "large", "unacceptable"]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Share(Part):
    """A share of the baseline with its 95 % interval; the sign is kept."""

    share: Number
    low: Number
    high: Number


class Slowdown(Share):
    """Positive: slower than the baseline; negative: faster."""

    category: SlowdownClass = Field(
        description="faster: below 0; then up to 10, 20, 30 and 50 %; over 50 %: unacceptable."
    )
    limit_share: Number
    acceptable: bool = Field(description="Whether the whole interval is within the limit.")


class Baseline(Part):
    setting: int
    repeats: int
    time_s: Number | None
    energy_j: Number | None


class Limits(Part):
    max_slowdown_share: Number
    lowest_share: Number | None
    highest_share: Number | None
    least_saving_share: Number | None
    metric: str | None
    source: str | None


class Judged(Part):
    result: Literal["pass", "fail", "not judged"]
    reason: str
    failed: list[str]
    warnings: list[str]


class Commands(Part):
    """Shell lines for root. ``GPU_UUID`` is to be replaced where the recording does not name its GPU."""

    persistence: str
    apply: str
    verify: str
    reset: str


class Configuration(Part):
    gpu: str
    gpu_uuid: str | None
    workload: str
    knob: Literal["clock", "power_limit"]
    unit: str
    measured_as: str = Field(description="How the numbers are known: measured, replayed or simulated.")
    recommended: bool = Field(
        description="Whether a setting below the maximum is chosen and passed validation."
    )
    deployed: bool = Field(
        description="Whether there are commands: it is recommended, and for a GPU that exists."
    )
    setting: int = Field(description="The setting to run at; the maximum unless recommended.")
    reason: str
    baseline: Baseline
    slowdown: Slowdown | None
    energy_saving: Share | None = Field(description="Of energy, not of energy times delay.")
    power_saving_share: Number | None
    estimator: str | None
    limits: Limits
    validation: Judged
    commands: Commands | None
    monitoring: dict[str, Any] | None


class Deployment(Part):
    timestamp_utc: str
    version: str
    methodology: str
    configurations: dict[str, Configuration] = Field(description="Keys: GPU + workload.")


def json_schema() -> dict[str, Any]:
    """The JSON schema of ``deployment.json``."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Deployment.model_json_schema()}
