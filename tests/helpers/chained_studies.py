"""Studies with chains: the default study's configuration with chains, students and number formats of a test."""

import copy

from wattshed.config.study import load_study


def with_chains(config, *steps, model="stgnn"):
    chains = [
        {"name": f"chain_{place}", "model": model, "steps": list(each)} for place, each in enumerate(steps)
    ]
    return {**copy.deepcopy(config), "chains": chains}


STUDENT_RECIPE = {
    "sampling": "pairs", "batch": 256, "epochs": 10, "steps_per_epoch": 30, "learning_rate": 0.005,
    "schedule": "cosine", "scaling": "node",
}  # fmt: skip


def with_students(config, *steps, model="stgnn", **variants):
    """A study whose variants are those of the default study and students."""
    changed = with_chains(config, *steps, model=model)
    changed["compression"]["models"] = []
    known = {name: one for name, one in changed["compression"]["variants"].items() if name != "half_features"}
    for one in known.values():
        one.pop("models", None)
    students = {name: {"method": "distil", **block} for name, block in variants.items()}
    changed["compression"]["variants"] = {**known, **students}
    return changed


RESTARTING = {
    "ticket": {"method": "lottery_ticket"},
    "sparse": {"method": "sparse_training", "density": 0.5, "update_every": 20},
    "masked": {"method": "mask", "keep_share": 0.5},
    "small": {"method": "distil", "student": {"form": "gru", "hidden": 8}},
    "slowly": {"method": "prune_gradually", "keep_share": 0.5, "fine_tune_steps": 9},
}


def with_restarting(config, chain):
    changed = with_formats(config, chain)
    changed["compression"]["variants"] |= RESTARTING
    return load_study(changed)


def with_formats(config, *chains, model="stgnn"):
    changed = with_students(config, *chains, model=model)
    changed["compression"]["variants"] |= {
        "thin": {"method": "low_rank", "rank": 4},
        "scratch": {"method": "low_rank_scratch", "rank": 4},
        "static": {"method": "static_int8"},
        "half": {"method": "half_weights"},
    }
    return changed
