"""Write docs/phase1.md from the study that `snakemake --configfile config/phase1.yaml` ran: the source study's first
phase, technique by technique.

Machine, date and commit are those of its ledgers; a study that was not run is refused.
"""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from page_parts import company, origin_of_jobs, page_parser, panel_text, percent_text

from wattshed.config.models.ladder import NAIVE
from wattshed.data.panel import Panel
from wattshed.foundation.frames import COLUMNS, read_frame
from wattshed.foundation.vocabulary import Worth
from wattshed.foundation.writing import write_text
from wattshed.publish.tables.claims import claims_tables
from wattshed.publish.tables.ladder import ladder_tables
from wattshed.publish.tables.techniques import techniques_tables
from wattshed.publish.typesetting.markdown import render_markdown

STUDY = "phase1"
SHOWN_STEPS = ("ladder", "ladder_costs")
# The claims that a technique of the first phase, or the phase as a whole, is held to.
CLAIMS = (
    *(
        "energy_phase_1",
        "mixed_precision",
        "budget_mixed_precision",
        "budget_batch_size",
        "budget_accumulation",
    ),
    *(
        "budget_early_stopping",
        "budget_layer_rates",
        "budget_clean_up",
        "budget_sampling",
        "budget_precomputed",
    ),
    "budget_phase_1",
)
INTRODUCTION = """# The source study's first phase, technique by technique

Made by `make benchmark-phase1` from the results of `config/phase1.yaml`. Each step changes one key of the base, the
source study's network with its three dropouts; the last one changes all of them. All run on one engine, torch, so that
no kernel hides what they change. An epoch is one pass over all windows: a batch of another size sees as many of them.
[methods.md](methods.md) says how claims are judged.
"""


def page(results: Path, docs: Path) -> str:
    """The page as Markdown; copies the figure beside it."""
    folder = results / STUDY
    panel = Panel.read(folder / "data/panel.safetensors")
    ladder, targets, parts, techniques = (
        read_frame(folder / f"ladder.{name}parquet", COLUMNS[kind])
        for name, kind in (
            ("", "ladder"),
            ("targets.", "targets"),
            ("parts.", "parts"),
            ("techniques.", "techniques"),
        )
    )
    claims = read_frame(folder / "claims.parquet", COLUMNS["claims"])
    shutil.copyfile(folder / "figures/ladder.png", docs / f"{STUDY}.png")
    origin = origin_of_jobs((folder / "ledger/training").glob("*.jsonl"))
    steps = ladder_tables(ladder, targets, parts, panel.unit)
    return "\n".join(
        [
            INTRODUCTION,
            f"`snakemake --cores all --configfile config/{STUDY}.yaml`\n",
            f"{panel_text(panel)} {origin} {company(ladder)}\n",
            f"{findings(techniques)} {against_naive(ladder)}\n",
            *(render_markdown(table) for table in techniques_tables(techniques, ladder).values()),
            f"![Energy to reach an error]({STUDY}.png)\n",
            "## Claims\n",
            *(render_markdown(table) for table in claims_tables(claims[claims["claim"].isin(CLAIMS)])),
            "## Every step\n",
            *(render_markdown(steps[name]) for name in SHOWN_STEPS),
        ]
    )


def findings(techniques: pd.DataFrame) -> str:
    """The verdicts in words: what is worth it, what is not, and what the phase as a whole changes."""
    single = techniques[techniques["keys"] == 1]
    parts = [
        f"{verdict[0].upper()}{verdict[1:]}: {_named(single[single['verdict'] == verdict])}."
        for verdict in (Worth.WORTH_IT, Worth.NOT_WORTH_IT, Worth.UNDECIDED)
    ]
    parts += [
        f"All together (`{row['model']}`): energy of a training {_percent(row, 'training')}, test RMSE "
        f"{_percent(row, 'rmse')}; {row['verdict']}."
        for row in techniques[techniques["keys"] > 1].to_dict("records")
    ]
    return " ".join(parts)


def against_naive(ladder: pd.DataFrame) -> str:
    """Whether the base forecasts better than the naive forecasts do."""
    errors = ladder.set_index("model")["rmse_mean"]
    base = str(ladder.loc[ladder["role"] == "reference", "model"].iloc[0])
    naive = errors[errors.index.isin(NAIVE)]
    best = str(naive.idxmin())
    word = "below" if errors[base] < naive[best] else "not below"
    return (
        f"On the test part `{base}` has an RMSE of {errors[base]:.4f}, {word} that of the best naive forecast, "
        f"`{best}`, {naive[best]:.4f}."
    )


def _named(rows: pd.DataFrame) -> str:
    texts = [f"`{row['model']}` (energy {_percent(row, 'training')})" for row in rows.to_dict("records")]
    return ", ".join(texts) or "none"


def _percent(row: dict[Any, Any], name: str) -> str:
    share, low, high = (row[f"{name}_share{end}"] for end in ("", "_low", "_high"))
    return "not known" if pd.isna(share) else percent_text(share, low, high)


def main(argv: Sequence[str] | None = None) -> None:
    parser = page_parser(__doc__, f"docs/{STUDY}.md")
    arguments = parser.parse_args(argv)
    needed = ("ladder.techniques.parquet", "claims.parquet")
    missing = [name for name in needed if not (arguments.results / STUDY / name).is_file()]
    if missing:
        parser.error(
            f"{arguments.results / STUDY} has no {missing[0]}: run snakemake --configfile config/{STUDY}.yaml first"
        )
    write_text(arguments.output, page(arguments.results, arguments.output.parent))


if __name__ == "__main__":
    main()
