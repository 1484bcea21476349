"""The keys that all sources of labelled windows share."""

from pydantic import Field

from wattshed.config.data.sources import SourceBlock


class LabelledBlock(SourceBlock):
    """Series of regions, cut into labelled windows of ``data.windows.look_back_h`` samples."""

    training_stride: int = Field(
        default=16,
        ge=1,
        le=2000,
        description="Samples from the start of one training window of a series to that of the next. Windows of "
        "the other parts never overlap.",
    )
    minimum_known_share: float = Field(
        default=0.5,
        gt=0,
        le=1,
        description="A part of a series that is shorter than one window becomes one padded window if it has at "
        "least this share of the window's samples; 1 refuses to pad.",
    )
    gap_samples: int = Field(
        default=0,
        ge=0,
        le=1000,
        description="Samples that are left out between two parts of one series, which is cut in its own time.",
    )
