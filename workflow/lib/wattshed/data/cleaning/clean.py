"""Applies ``data.mask``, ``data.exclude`` and ``data.exclude_where`` to a panel."""

from dataclasses import replace

import numpy as np

from wattshed.config.data.cleaning import CleaningRules
from wattshed.data.cleaning.excludes import excluded_nodes
from wattshed.data.cleaning.masks import masked_cells
from wattshed.data.cleaning.record import Cleaning
from wattshed.data.cleaning.sentences import notes_of
from wattshed.data.panel import Panel
from wattshed.data.splits import Segment
from wattshed.foundation.faults import Fault


def clean_panel(panel: Panel, rules: CleaningRules, train: Segment | None = None) -> Panel:
    """The panel without excluded nodes, masked cells NaN and unobserved, and a record of both.

    Masks come first: coverage counts without masked cells. train: the training part, needed where
    ``rules.exclude_where`` judges readings. Raises :class:`Fault` for a pattern without a node, and for rules that
    leave no node, or a node without an observed step.
    """
    masks = {
        f"data.mask.{place} ({rule.words})": masked_cells(panel, rule, f"data.mask.{place}")
        for place, rule in enumerate(rules.mask)
    }
    masked = np.any(list(masks.values()), axis=0) if masks else np.zeros(panel.values.shape, dtype=bool)
    observed = panel.observed & ~masked
    excluded = excluded_nodes(panel, observed, rules, train)
    left = (
        ~np.any(list(excluded.values()), axis=0) if excluded else np.ones(len(panel.node_names), dtype=bool)
    )
    _refuse_nothing_left(panel, left, observed)
    names = np.array(panel.node_names, dtype=object)
    record = Cleaning(
        excluded={rule: tuple(names[nodes]) for rule, nodes in excluded.items()},
        masked={rule: int(cells[:, left].sum()) for rule, cells in masks.items()},
        masked_cells=int(masked[:, left].sum()),
        cells=int(len(panel.times) * left.sum()),
    )
    return replace(
        panel,
        values=np.where(masked, np.float32(np.nan), panel.values)[:, left],
        observed=observed[:, left],
        nodes=panel.nodes.loc[left],
        notes=(*panel.notes, *notes_of(record)),
        cleaning=record,
    )


def _refuse_nothing_left(panel: Panel, left: np.ndarray, observed: np.ndarray) -> None:
    if not left.any():
        raise Fault(
            f"data.exclude and data.exclude_where leave none of the {len(left)} nodes; expected at least one: narrow "
            "them."
        )
    silent = left & ~observed.any(axis=0)
    if silent.any():
        raise Fault(
            f"data.mask leaves node {panel.node_names[int(silent.argmax())]!r} without an observed step; expected at "
            "least one: name it in data.exclude, or narrow the rules."
        )
