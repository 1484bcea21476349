"""What the report's first screen says about the readings: what was left out of them, and what looks wrong."""

from wattshed.data.cleaning.sentences import first_lines
from wattshed.data.findings.warned import warnings_of
from wattshed.publish.parts.inputs import Inputs


def readings_lines(inputs: Inputs) -> list[str]:
    """Lines about nodes and cells that were left out, and about findings that touch the headline. Needs ``quality``."""
    panel = inputs.panel
    left_out = first_lines(panel.cleaning) if panel.cleaning is not None else []
    return [*left_out, *warnings_of(inputs.frame("quality"), panel.step_minutes)]
