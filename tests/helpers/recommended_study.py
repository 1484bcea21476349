"""A study of a few checkpoints, and the choice from it."""

from made_checkpoints import make_checkpoints
from wattshed.accounts.recommend.choice import recommend
from wattshed.accounts.recommend.limits import Limits

STUDY = {
    "net": {"rmse": 1.0, "total_j": 100.0, "per_1000_j": 2.0, "bytes": 10_000, "latency_s": 0.002},
    "net+half": {"rmse": 1.01, "total_j": 110.0, "per_1000_j": 1.0, "bytes": 4_000, "latency_s": 0.001},
    "net+tiny": {"rmse": 1.3, "total_j": 105.0, "per_1000_j": 0.2, "bytes": 1_000, "latency_s": 0.0005},
    "net+int8": {"unavailable": "torch has no int8 engine for this processor"},
}


def limits(forecasts=1e6, error_rise_share=0.05, **keys):
    return Limits(forecasts, error_rise_share, **keys)


def choose(study=STUDY, seeds=3, controls=(), spread=0.01, jitter=0.01, **keys):
    return recommend(*make_checkpoints(study, seeds, spread, jitter), limits(**keys), controls)


def standings(found):
    return {one.lineage: one.standing for one in found.options}
