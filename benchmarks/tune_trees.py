"""Choose the settings of `lightgbm_rich` on the validation part of the homes; writes docs/lead/trees_homes.json.

Needs the panel, the splits and the graph of a study of the homes, such as results/opponents_homes.
"""

import argparse
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from wattshed.config.data.data import WindowsBlock
from wattshed.data.graph import Graph
from wattshed.forecast.baselines.boosted_trees import RICH, BoostedTrees, rich_features
from wattshed.forecast.metrics import rmse
from wattshed.forecast.protocol import ForecastTask
from wattshed.foundation.provenance import describe_commit

ROOT = Path(__file__).resolve().parent.parent
# One key at a time from the settings that are used, in both directions.
GRID = (
    {},
    {"learning_rate": 0.1},
    {"learning_rate": 0.03},
    {"num_leaves": 15},
    {"num_leaves": 63},
    {"min_data_in_leaf": 50},
    {"min_data_in_leaf": 300},
    {"feature_fraction": 0.3},
    {"max_bin": 255},
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=ROOT / "results/opponents_homes")
    parser.add_argument("--output", type=Path, default=ROOT / "docs/lead/trees_homes.json")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    data = arguments.results / "data"
    task = ForecastTask.read(
        data / "panel.safetensors", data / "splits.json", WindowsBlock(look_back_h=24, horizon_h=6)
    )
    graph = Graph.read(data / "graph.safetensors", task.panel)
    origins = task.origins(task.splits.validation)
    points = []
    for changed in GRID:
        settings = replace(RICH, parameters=RICH.parameters | changed)
        trees = BoostedTrees(task, graph, name="lightgbm_rich", features=rich_features, settings=settings)
        before_s = time.process_time()
        trees.fit()
        points.append(
            {
                "changed": changed,
                "validation_rmse": round(rmse(trees.forecast(origins), *task.truth(origins)), 5),
                "cpu_s": round(time.process_time() - before_s, 1),
                "rounds": int(np.mean([model.current_iteration() for model in trees._models])),
            }
        )
        print(points[-1], flush=True)
        told = {
            "settings": RICH.parameters | {"rounds": RICH.rounds, "stop_after": RICH.stop_after},
            "date": datetime.now(UTC).date().isoformat(),
            "commit": str(describe_commit(ROOT)["commit"]),
            "points": points,
        }
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
