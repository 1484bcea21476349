"""How many claims of source documents hold, in plain sentences."""

import pandas as pd

from wattshed.accounts.claims.claim import Verdict

IN_PART = "in part"
WORDS = {
    str(Verdict.HOLDS): ("holds", "hold"),
    IN_PART: ("holds for a part of what was measured", "hold for a part of what was measured"),
    str(Verdict.FAILS): ("does not hold", "do not hold"),
    str(Verdict.UNDECIDED): ("is undecided", "are undecided"),
    str(Verdict.NOT_MEASURED): ("was not measured here", "were not measured here"),
}


def claims_sentence(claims: pd.DataFrame) -> str:
    """How many claims hold, do not hold, are undecided or were not measured.

    claims: ``claims.parquet``. A claim with several measurements counts under their verdict if they agree; if only some
    hold, it holds for a part.
    """
    verdicts = claims.groupby(["source", "claim"], sort=False)["verdict"].agg(_together)
    texts = []
    for verdict, (one, several) in WORDS.items():
        if count := int((verdicts == verdict).sum()):
            texts.append(f"{count} {one if count == 1 else several}")
    documents = ", ".join(claims["document"].unique())
    return f"Of {len(verdicts)} claims ({documents}), {', '.join(texts)}."


def _together(verdicts: pd.Series) -> str:
    found = set(verdicts)
    if len(found) == 1:
        return str(found.pop())
    return IN_PART if Verdict.HOLDS in found else str(Verdict.UNDECIDED)
