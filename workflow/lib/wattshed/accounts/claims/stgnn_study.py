"""Claims of the source study's documents: its plan, its guides and its read-me. None was measured there."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from wattshed.accounts.claims.checkpoints import (
    chain_changes,
    changes,
    forgetting,
    forgetting_saved,
    rises,
    speed_ups,
)
from wattshed.accounts.claims.claim import Bounds, Claim, Finding, Source, Topic, exactly, not_measured
from wattshed.accounts.claims.results import Results
from wattshed.accounts.claims.techniques import (
    phase_energies,
    phase_errors,
    technique_energies,
    technique_errors,
)
from wattshed.accounts.claims.trainings import (
    determination,
    generalisation,
    parameters,
    training_changes,
)
from wattshed.energy.reading import JOULES_PER_KWH

Measure = Callable[[Results], Sequence[Finding] | str]
PLAN, GUIDES, EXAMPLE = "plan of three phases", "optimisation guides", "energy record of the read-me"
TARGETS, CONTINUAL = "target metrics", "guide of continual learning"
LATENCY, FORECASTS = "latency_s_per_window", "energy_j_per_1000_forecasts"
RECORDED_KWH, RECORDED_S = 0.342, 1847.2


def _energy(results: Results) -> list[Finding] | str:
    """Training to the control's error, and forecasts of whole chains; reasons only if neither is known."""
    both = (training_changes(results, "kwh"), chain_changes(results, FORECASTS))
    forecasts = [
        Finding(f"forecasts of {one.of}", one.measured, one.where)
        for one in ([] if isinstance(both[1], str) else both[1])
    ]
    trainings = [] if isinstance(both[0], str) else list(both[0])
    return [*trainings, *forecasts] or "; ".join(str(reason) for reason in both)


def _first_phase(results: Results) -> list[Finding] | str:
    """Whole trainings with the first phase's techniques and without them, where a study has both; else as of others."""
    own = phase_energies(results)
    return _energy(results) if isinstance(own, str) else list(own)


def _phase(name: str, says: str, percent: float, measure: Measure = _energy) -> Claim:
    return Claim(name, Topic.ENERGY, PLAN, says, f"-{percent:g} %", "%", Bounds(high=-percent), measure)


def _budget(name: str, what: str, *methods: str) -> Claim:
    says = f"{what} raises RMSE and MAE by at most 5 %"
    return Claim(
        name,
        Topic.ERRORS,
        PLAN,
        says,
        "<= 5 %",
        "%",
        Bounds(high=5.0),
        lambda results: rises(results, *methods),
    )


def _technique_budget(name: str, what: str, *keys: str) -> Claim:
    budget = _budget(name, what)
    return replace(budget, measure=lambda results: technique_errors(results, *keys))


CLAIMS = Source(
    "Energy-efficient STGNN study",
    (
        _phase("energy_phase_1", "Phase 1 saves half of the energy", 50.0, _first_phase),
        _phase("energy_phase_2", "Phases 1 and 2 save 62.5 % of the energy", 62.5),
        _phase("energy_phase_3", "All three phases save 70 % of the energy", 70.0),
        Claim(
            "mixed_precision",
            Topic.ENERGY,
            GUIDES,
            "Mixed precision saves 30 to 50 %",
            "-30 to -50 %",
            "%",
            Bounds(high=-30.0),
            lambda results: technique_energies(results, "precision"),
        ),
        Claim(
            "recorded_power",
            Topic.ENERGY,
            EXAMPLE,
            "A training of 1,847.2 s takes 0.342 kWh at a mean power of 247.5 W",
            "247.5 W",
            "W",
            Bounds(247.45, 247.55),
            lambda results: [
                Finding(
                    "its own energy over its own time",
                    exactly(RECORDED_KWH * JOULES_PER_KWH / RECORDED_S),
                    "arithmetic",
                )
            ],
        ),
        Claim(
            "carbon_aware_schedule",
            Topic.ENERGY,
            "guide of carbon-aware scheduling",
            "A carbon-aware schedule emits 21.6 % less CO₂",
            "-21.6 %",
            "%",
            Bounds(high=-21.6),
            not_measured("no stage schedules jobs"),
        ),
        Claim(
            "training_time",
            Topic.TIME_AND_SIZE,
            PLAN,
            "Training is 60 to 70 % faster",
            "-60 to -70 %",
            "%",
            Bounds(high=-60.0),
            lambda results: training_changes(results, "s"),
        ),
        Claim(
            "inference_time",
            Topic.TIME_AND_SIZE,
            PLAN,
            "Inference is 75 to 80 % faster",
            "-75 to -80 %",
            "%",
            Bounds(high=-75.0),
            lambda results: changes(results, LATENCY),
        ),
        Claim(
            "size",
            Topic.TIME_AND_SIZE,
            PLAN,
            "The model is 50 to 60 % smaller",
            "-50 to -60 %",
            "%",
            Bounds(high=-50.0),
            lambda results: changes(results, "bytes"),
        ),
        Claim(
            "int8_speed",
            Topic.TIME_AND_SIZE,
            GUIDES,
            "INT8 is 4 to 8 times faster",
            "4 to 8 times",
            "times",
            Bounds(low=4.0),
            lambda results: speed_ups(results, "int8", "static_int8"),
        ),
        Claim(
            "parameters",
            Topic.TIME_AND_SIZE,
            "model description",
            "The network has 950 to 1,000 parameters",
            "950 to 1,000",
            "",
            Bounds(950.0, 1000.0),
            parameters,
        ),
        _budget("budget_pruning", "Structured pruning", "prune", "prune_gradually"),
        _budget("budget_int8", "INT8", "int8", "static_int8"),
        _budget("budget_low_rank", "Low rank", "low_rank", "low_rank_scratch"),
        _budget("budget_distillation", "Distillation", "distil"),
        _budget("budget_lottery_ticket", "A lottery ticket", "lottery_ticket"),
        _technique_budget("budget_mixed_precision", "Mixed precision", "precision"),
        _technique_budget("budget_batch_size", "A larger batch", "batch"),
        _technique_budget("budget_accumulation", "Accumulating gradients", "accumulate"),
        _technique_budget(
            "budget_early_stopping",
            "Early stopping",
            "patience",
            "min_delta",
            "patience_warm_up_epochs",
        ),
        _technique_budget("budget_layer_rates", "A learning rate per layer", "layer_rates"),
        _technique_budget("budget_clean_up", "Dropping light edges", "minimum_edge_weight"),
        _technique_budget("budget_sampling", "Sampling nodes or edges", "node_keep_share", "edge_keep_share"),
        _technique_budget("budget_precomputed", "Aggregating the inputs beforehand", "aggregate"),
        replace(_budget("budget_phase_1", "Phase 1"), measure=phase_errors),
        _budget("budget_plan", "The whole plan"),
        Claim("r2", Topic.ERRORS, TARGETS, "R² is above 0.90", "> 0.90", "", Bounds(low=0.90), determination),
        Claim(
            "validation_gap",
            Topic.ERRORS,
            TARGETS,
            "The test RMSE is less than 15 % above the validation RMSE",
            "< 15 %",
            "%",
            Bounds(high=15.0),
            generalisation,
        ),
        Claim(
            "validation_rmse",
            Topic.ERRORS,
            TARGETS,
            "The normalised RMSE is 0.45 to 0.50 on validation and 0.50 to 0.55 on test",
            "0.45 to 0.55",
            "",
            Bounds(0.45, 0.55),
            not_measured("it holds for the study's own panel of 8,442 homes and its scaling only"),
        ),
        Claim(
            "forgetting",
            Topic.LATER_MONTHS,
            CONTINUAL,
            "Updates forget less than 5 %",
            "< 5 %",
            "%",
            Bounds(high=5.0),
            forgetting,
        ),
        Claim(
            "replay",
            Topic.LATER_MONTHS,
            CONTINUAL,
            "Replay forgets less than plain fine-tuning",
            "> 0",
            "% points",
            Bounds(low=0.0),
            lambda results: forgetting_saved(results, "replay", "naive"),
        ),
        Claim(
            "ewc",
            Topic.LATER_MONTHS,
            CONTINUAL,
            "Elastic weight consolidation forgets less than plain fine-tuning",
            "> 0",
            "% points",
            Bounds(low=0.0),
            lambda results: forgetting_saved(results, "ewc", "naive"),
        ),
    ),
    of_readings=True,
)
