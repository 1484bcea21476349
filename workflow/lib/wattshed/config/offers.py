"""What a network still offers after the methods that were applied to it."""

from collections.abc import Sequence
from typing import Any

from wattshed.config.models.families import ModelBlock
from wattshed.foundation import plugins

# What a network offers that can be trained further; the table of offers is a room above.
TRAINED_FURTHER = "updates"
# What a network offers that can be solved again in closed form.
SOLVED_AGAIN = "exact_updates"


def offers_after(
    model: ModelBlock, methods: Sequence[tuple[str, Any, Any]]
) -> tuple[frozenset[str], dict[str, str]]:
    """The offers that are left, and for each offer that was taken away the step that took it.

    methods: name in the study, plug-in and settings of each compression method, in order. Strategies take nothing away.
    """
    offers: frozenset[str] = frozenset(plugins.load("family", model.form).offers(model))
    taken: dict[str, str] = {}
    for name, method, settings in methods:
        made = method.becomes(settings)
        if made is None:
            kept = offers & frozenset(method.keeps)
        else:
            kept = frozenset(plugins.load("family", made.form).offers(made))
        taken |= dict.fromkeys(offers - kept, name)
        offers = kept
    return offers, taken
