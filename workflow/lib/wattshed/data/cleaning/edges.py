"""The source's edge list for a panel that may lack some of the source's nodes."""

from pathlib import Path

import pandas as pd

from wattshed.data.panel import Panel
from wattshed.data.sources.table_panel import read_edges


def edges_of(panel: Panel, path: Path) -> pd.DataFrame:
    """The edges between the panel's nodes; those of excluded nodes are dropped.

    Raises :class:`Fault` for a node that neither the panel nor its source has; see :func:`read_edges`.
    """
    excluded = panel.cleaning.excluded_nodes if panel.cleaning else []
    edges = read_edges(path, [*panel.node_names, *excluded])
    kept = ~(edges["source"].isin(excluded) | edges["target"].isin(excluded))
    return edges[kept].reset_index(drop=True)
