"""The checkpoint that errors are held against."""

import difflib
from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from wattshed.accounts.recommend.limits import Limits
from wattshed.compression.rises import PREFIXES
from wattshed.foundation.faults import Fault
from wattshed.foundation.vocabulary import LINEAGE_JOINT

# So many lineages are named where another one is asked for.
NAMED = 5


def reference_of(rows: Mapping[str, pd.DataFrame], limits: Limits, controls: Collection[str]) -> str:
    """The named lineage, or the one of least mean RMSE on the part, controls left out.

    rows: of ``checkpoints.parquet``, by lineage. Raises :class:`Fault` for a lineage that was not compared or has no
    errors on the part.
    """
    column = f"{PREFIXES[limits.part]}rmse"
    if any(column not in own for own in rows.values()):
        raise Fault(
            f"the compared checkpoints have no errors on the {limits.part} part: an older version compared them; run "
            "snakemake again."
        )
    known = {
        lineage: float(np.log(own[column].astype("float64")).mean())
        for lineage, own in rows.items()
        if own["unavailable"].isna().all() and (own[column] > 0).all()
    }
    if limits.against is not None:
        if limits.against not in rows:
            raise Fault(
                f"{limits.against!r} is not a checkpoint that was compared{_near(limits.against, rows)} Correct the "
                "lineage that errors are held against."
            )
        if limits.against not in known:
            raise Fault(
                f"{limits.against} has no error on the {limits.part} part here, so that none can be held against it: "
                f"expected {_nearest(limits.against, known)}; name another lineage."
            )
        return limits.against
    best = {lineage: log for lineage, log in known.items() if lineage not in controls}
    if not best:
        raise Fault(
            f"no compared checkpoint has an error on the {limits.part} part: expected at least one; the study lacks "
            "that part, or this machine can compute none of them."
        )
    return min(best, key=lambda lineage: (best[lineage], lineage.count(LINEAGE_JOINT)))


def _near(name: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else f": expected {_nearest(name, known)}."


def _nearest(name: str, known: Collection[str]) -> str:
    """The few of the known names that are most like the given one."""
    if len(known) <= NAMED:
        return f"one of {', '.join(known) or 'none'}"
    near = difflib.get_close_matches(name, list(known), n=NAMED, cutoff=0.0)
    return f"one of {len(known)} lineages, such as {', '.join(near)}"
