"""Students of distillation: settings of the method, and untrained students of a making."""

import json

from wattshed.compression.methods.distil import METHOD
from wattshed.config.models.compression import variant_of

PAIRS = {"form": "gru", "hidden": 2}
STREAM = {"sampling": "sequences", "sequence_h": 48, "burn_in_h": 12}


def settings_of(student=None, **keys):
    recipe = keys.pop("recipe", None)
    given = {"method": "distil", "student": student or PAIRS, **keys}
    return variant_of(json.dumps(given if recipe is None else {**given, "recipe": recipe.model_dump()}))


def student_of(making, **keys):
    """Untrained, of the making's shapes."""
    settings = settings_of(keys)
    return METHOD.skeleton_on(making.network, settings, making.task.windows, making.adjacency, 1)
