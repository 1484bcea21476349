"""The ``models`` block: what the blocks of all model families share. Each family adds its own keys in its module."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from wattshed.config.block import Block
from wattshed.config.data.windows import WindowsBlock
from wattshed.config.plugin_block import read_block
from wattshed.foundation import plugins
from wattshed.foundation.faults import one_line


class ModelBlock(Block):
    """A trained model: its family, its recipe and its graph."""

    form: str = Field(description="The model family; it decides which further keys there are.")
    recipe: str | None = Field(description="Name of one of the `recipes`.")
    graph: Literal["given", "shuffled"] = Field(
        default="given",
        description="`shuffled` renames the nodes at random: the control for the graph's use.",
    )
    minimum_edge_weight: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="This model's graph loses its edges of a smaller weight and is normalised again, beside what "
        "`graph.minimum_weight` drops for all models; 0 drops none.",
    )
    engine: Literal["auto", "torch"] | None = Field(
        default=None,
        description="Back end of this model's training, of all steps after it and of their comparison; empty means the "
        "study's. `torch` is the control for the kernel's use.",
    )


def read_model(given: Mapping[str, Any]) -> ModelBlock:
    """The block of one model, read by its family.

    Raises :class:`ValueError` for an unknown form, and pydantic's ``ValidationError`` for wrong keys.
    """
    block: ModelBlock = read_block("family", "form", given)
    return block


def check_windows(model: ModelBlock, windows: WindowsBlock) -> None:
    """Raises :class:`ValueError` if the settings of a model do not fit the study's windows, by its family's own check.

    A family without the method ``check_windows`` fits all windows.
    """
    check = getattr(plugins.load("family", model.form), "check_windows", None)
    if check is None:
        return
    try:
        check(model, windows)
    except ValueError:
        raise
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"the model family {model.form!r} fails when it is asked whether its settings fit the windows "
            f"({type(error).__name__}: {one_line(error)}): correct the plug-in"
        ) from error
