"""What cleaning did, in sentences: notes of the panel, and lines of the report's first screen."""

from collections.abc import Sequence

from wattshed.data.cleaning.record import Cleaning

# Fewer masked cells do not touch a headline.
TOLD_SHARE = 0.01
NAMED = 3


def notes_of(record: Cleaning) -> list[str]:
    """One sentence for each rule, also for one that met nothing."""
    excluded = [
        f"{rule} left out {len(names)} {_nodes(len(names))}: {_named(names)}."
        if names
        else f"{rule} left out no node."
        for rule, names in record.excluded.items()
    ]
    masked = [
        f"{rule} masked {_cells(cells, record.cells)}." if cells else f"{rule} matched no cell."
        for rule, cells in record.masked.items()
    ]
    return excluded + masked


def first_lines(record: Cleaning) -> list[str]:
    """For the first screen: every excluded node, and masked cells if they are more than 1 % of all."""
    lines = []
    names = record.excluded_nodes
    if names:
        rules = [rule for rule, found in record.excluded.items() if found]
        lines.append(f"{len(names)} {_nodes(len(names))} left out ({_named(names)}), by {_and(rules)}.")
    if record.masked_cells > TOLD_SHARE * record.cells:
        rules = [rule for rule, cells in record.masked.items() if cells]
        lines.append(f"{_cells(record.masked_cells, record.cells)} masked, by {_and(rules)}.")
    return lines


def _cells(cells: int, of: int) -> str:
    percent = 100 * cells / of
    shown = f"{percent:.1f}" if percent >= 0.1 else f"{percent:.1g}"
    return f"{cells:,} {'cell' if cells == 1 else 'cells'} ({shown} %)"


def _nodes(count: int) -> str:
    return "node" if count == 1 else "nodes"


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _and(rules: Sequence[str]) -> str:
    shown = (
        list(rules[:NAMED]) if len(rules) <= NAMED else [*rules[:NAMED], f"{len(rules) - NAMED} more rules"]
    )
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))
