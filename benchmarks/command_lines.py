"""Run ``wattshed measure`` and ``wattshed accounts`` on generated command lines and folders; print counts as JSON.

None may end with a traceback, hang, or lose the measured command's exit code.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

# The generator is the tests' own.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/helpers"))

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy

from made_command_lines import ACCOUNT_FOLDERS, CASES, MARK, accounts_problem, measure_problem

SHOWN = 10


def survey(
    cases: SearchStrategy[Any], problem: Callable[[Any, Path], str | None], count: int, number: int
) -> dict[str, Any]:
    """Counts of cases and of problems by their kind, and the first problems in full."""
    kinds: Counter[str] = Counter()
    shown: list[dict[str, str]] = []
    runs = began = 0

    @seed(number)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def run(case: Any) -> None:
        nonlocal runs, began
        runs += 1
        with tempfile.TemporaryDirectory() as name:
            found = problem(case, Path(name))
            began += (Path(name) / MARK).exists()
        if found is not None:
            kinds[found.partition(":")[0]] += 1
            if len(shown) < SHOWN:
                shown.append({"case": repr(case), "problem": found})

    start_s = time.perf_counter()
    run()
    return {
        "cases": runs,
        "commands_begun": began,
        "problems": sum(kinds.values()),
        "kinds": dict(kinds),
        "first": shown,
        "wall_s": round(time.perf_counter() - start_s, 1),
    }


def measured(count: int, number: int = 1) -> dict[str, Any]:
    """Generated command lines of ``wattshed measure``."""
    return survey(CASES, measure_problem, count, number)


def accounted(count: int, number: int = 1) -> dict[str, Any]:
    """Generated folders for ``wattshed accounts``."""
    return survey(ACCOUNT_FOLDERS, accounts_problem, count, number)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--command-lines", type=int, default=1000, help="how many for measure")
    parser.add_argument("--folders", type=int, default=200, help="how many for accounts")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    found = {}
    if arguments.command_lines:
        found["measure"] = measured(arguments.command_lines, arguments.seed)
    if arguments.folders:
        found["accounts"] = accounted(arguments.folders, arguments.seed)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
