"""Claims of GNN-STAN's source: its memory optimisations, its levels, and how well it classifies.

What its code does was read in the public repository and run once with torch on a CPU; docs/memory.md describes it.
"""

from wattshed.accounts.claims.checkpoints import changes, rises
from wattshed.accounts.claims.claim import Bounds, Claim, Finding, Source, Topic, exactly
from wattshed.accounts.claims.memory_levels import (
    accuracy_over_majority,
    alone_changes,
    alone_speed_ups,
    executed_changes,
    level_changes,
    level_speed_ups,
    plain_mb_per_example,
    with_published,
)

CODE = "docs/memory.md"
TECHNIQUES, LEVELS = "memory techniques", "memory levels"
RESULTS = "performance tables, which cannot be of its code: it raises TypeError"
FORM, MAJORITY = "gnn_stan", "majority"
ACCURACY_PERCENT, MAJORITY_PERCENT, SENSITIVITY_PERCENT = 64.49, 75.0, 24.79
# Another page than the tables of 6.2 to 22.1 GB.
SMALL_MB, SMALL_BATCH = 210.0, 32
# Of a change that counts as none.
NOTHING_PERCENT = 1.0
# Milliseconds of one forward pass with its hybrid attention and with plain attention, once on one core.
HYBRID_MS, PLAIN_MS = {172: 5.9, 512: 61.0}, {172: 7.7, 512: 63.0}
LATENCIES = [
    Finding(
        f"the source's own hybrid attention at T = {length}, timed once on one core",
        exactly(PLAIN_MS[length] / HYBRID_MS[length]),
        CODE,
        exact=True,
    )
    for length in HYBRID_MS
]
CANNOT_RUN = (
    "cannot be of the source's code: forward passes of its optimised model that end, with and without its gate, of "
    "two; both raise TypeError, since its graph encoder returns a pair that is used as one tensor"
)


def _of_code(what: str, value: float) -> Finding:
    return Finding(f"the source's own code: {what}", exactly(value), CODE, exact=True)


CLAIMS = Source(
    "GNN-STAN and its memory optimisations",
    (
        Claim(
            "optimised_model",
            Topic.MEMORY,
            "read-me",
            "The memory-optimised model trains (counted as: both of its forms compute a forward pass)",
            "it trains",
            "of 2",
            Bounds(low=2.0),
            lambda results: [Finding(CANNOT_RUN, exactly(0.0), CODE, exact=True)],
        ),
        Claim(
            "ago",
            Topic.MEMORY,
            TECHNIQUES,
            "Adaptive gradient offloading (AGO) lowers the peak by 40 %",
            "-40 %",
            "%",
            Bounds(high=-40.0),
            with_published(
                _of_code("its hook copies each gradient and leaves it on the device", 0.0),
                lambda results: alone_changes(
                    results, "measured_peak_share", "gradient_release", "gradient_offload"
                ),
            ),
        ),
        Claim(
            "htaas",
            Topic.MEMORY,
            TECHNIQUES,
            "Activation swapping (HTAAS) lowers the activations that are kept by 30 to 50 %",
            "-30 to -50 %",
            "%",
            Bounds(high=-30.0),
            with_published(
                _of_code("four tensors are stored and six or more may be, so that none is ever swapped", 0.0),
                lambda results: alone_changes(results, "saved_share", "checkpointing", "activation_offload"),
            ),
        ),
        Claim(
            "hab",
            Topic.TIME_AND_SIZE,
            TECHNIQUES,
            "Hybrid attention (HAB) is O(nk) and 2 to 3 times as fast (counted as: whole forecasts)",
            "2 to 3 times",
            "times",
            Bounds(low=2.0),
            with_published(
                LATENCIES, lambda results: alone_speed_ups(results, "block_attention", "fused_attention")
            ),
        ),
        Claim(
            "hot_share",
            Topic.TIME_AND_SIZE,
            TECHNIQUES,
            "80 % of the neurons are hot",
            "80 %",
            "%",
            Bounds(low=80.0),
            # Read in the code, where no measurement of a study's own can change it.
            lambda results: [
                _of_code("it calls the 20 % of largest activation hot, whatever the activations are", 20.0)
            ],
        ),
        Claim(
            "hot_cold",
            Topic.TIME_AND_SIZE,
            TECHNIQUES,
            "Skipping the cold 20 % of the neurons saves 15 to 20 % (counted as: time of a forecast)",
            "-15 to -20 %",
            "%",
            Bounds(high=-15.0),
            with_published(
                _of_code("its mask of cold neurons is returned and used by nothing", 0.0),
                lambda results: changes(results, "latency_s_per_window", "hot_cold"),
            ),
        ),
        Claim(
            "hot_cold_error",
            Topic.ERRORS,
            TECHNIQUES,
            "Skipping the cold 20 % of the neurons costs less than 0.5 % of accuracy (counted as: of RMSE and MAE)",
            "< 0.5 %",
            "%",
            Bounds(high=0.5),
            lambda results: rises(results, "hot_cold"),
        ),
        Claim(
            "gating",
            Topic.TIME_AND_SIZE,
            TECHNIQUES,
            "Dynamic gating computes 20 to 40 % less",
            "-20 to -40 %",
            "%",
            Bounds(high=-20.0),
            with_published(
                _of_code("its gate gets no gradient, so that what it skips is not learned", 0.0),
                executed_changes,
            ),
        ),
        Claim(
            "level_low",
            Topic.MEMORY,
            LEVELS,
            f"Level low saves 0 % of memory (counted as: a peak within {NOTHING_PERCENT:g} % of the plain step's)",
            "0 %",
            "%",
            Bounds(low=-NOTHING_PERCENT, high=NOTHING_PERCENT),
            lambda results: level_changes(results, "measured_peak_share", "low"),
        ),
        Claim(
            "level_medium",
            Topic.MEMORY,
            LEVELS,
            "Level medium takes 40 to 50 % less memory",
            "-40 to -50 %",
            "%",
            Bounds(high=-40.0),
            lambda results: level_changes(results, "measured_peak_share", "medium"),
        ),
        Claim(
            "level_high",
            Topic.MEMORY,
            LEVELS,
            "Level high takes 50 to 70 % less memory",
            "-50 to -70 %",
            "%",
            Bounds(high=-50.0),
            lambda results: level_changes(results, "measured_peak_share", "high"),
        ),
        Claim(
            "vram",
            Topic.MEMORY,
            RESULTS,
            "The optimised model takes 49 to 50 % less memory (counted as: any level)",
            "-49 to -50 %",
            "%",
            Bounds(high=-49.0),
            lambda results: level_changes(results, "measured_peak_share", "low", "medium", "high"),
        ),
        Claim(
            "plain_vram",
            Topic.MEMORY,
            RESULTS,
            "The plain model takes 6.2, 11.4 and 22.1 GB at batches of 8, 16 and 32 (counted as: MB for each example)",
            "690 to 780 MB",
            "MB",
            Bounds(low=690.0),
            with_published(
                _of_code("kept for the backward pass at T = 172, 292 MB at a batch of 8", 292 / 8),
                lambda results: plain_mb_per_example(results, FORM),
            ),
        ),
        Claim(
            "small_vram",
            Topic.MEMORY,
            "another of its pages",
            f"A batch of {SMALL_BATCH} takes about {SMALL_MB:g} MB (counted as: MB for each example, within 5 %)",
            f"{SMALL_MB / SMALL_BATCH:.1f} MB",
            "MB",
            Bounds(low=0.95 * SMALL_MB / SMALL_BATCH, high=1.05 * SMALL_MB / SMALL_BATCH),
            with_published(
                _of_code("kept for the backward pass at T = 172, 1168 MB at a batch of 32", 1168 / 32),
                lambda results: plain_mb_per_example(results, FORM),
            ),
        ),
        Claim(
            "overhead",
            Topic.TIME_AND_SIZE,
            RESULTS,
            "Its training steps take 7 to 8 % longer",
            "+7 to +8 %",
            "%",
            Bounds(high=8.0),
            lambda results: level_changes(results, "step_share", "low", "medium", "high"),
        ),
        Claim(
            "inference",
            Topic.TIME_AND_SIZE,
            RESULTS,
            "Its forecasts are 1.4 to 1.7 times as fast",
            "1.4 to 1.7 times",
            "times",
            Bounds(low=1.4),
            lambda results: level_speed_ups(results, "low", "medium", "high"),
        ),
        Claim(
            "accuracy",
            Topic.ERRORS,
            "results",
            f"{ACCURACY_PERCENT} % of subjects are classified correctly, {SENSITIVITY_PERCENT} % of the patients "
            "(counted as: more than the commonest class gives)",
            f"{ACCURACY_PERCENT} %",
            "% points",
            Bounds(low=0.0),
            with_published(
                Finding(
                    f"the source's own {ACCURACY_PERCENT} % against its commonest class, {MAJORITY_PERCENT:g} %",
                    exactly(ACCURACY_PERCENT - MAJORITY_PERCENT),
                    "arithmetic",
                    exact=True,
                ),
                lambda results: accuracy_over_majority(results, FORM, MAJORITY),
            ),
        ),
    ),
)
