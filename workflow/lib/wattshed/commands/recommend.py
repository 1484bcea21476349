"""``wattshed recommend``: which checkpoint of a study to use, for how many forecasts, within which limits."""

import argparse
import json
import math
from pathlib import Path
from typing import Any

from wattshed.foundation.faults import Fault

EXAMPLES = """examples:
  wattshed recommend results/homes                          the study's own limits, a million forecasts
  wattshed recommend results/homes --forecasts 1e9 --max-error-rise 2%
  wattshed recommend results/homes --against stgnn --max-bytes 3k --json
  wattshed recommend results/homes --against stgnn --part later

A forecast is that of one node from one origin: 17 homes, a forecast every hour, for a year are 148,920 forecasts, and
1e9 is a thousand million. Energy is the job's own: that of the steps whose weights the checkpoint has, and of all
forecasts. Errors are held against the checkpoint of least error, or against the named one, on the part where
checkpoints are chosen; the test part only tells how the choice does. A limit must be shown to hold over seeds (and
blocks of days): what may exceed it is undecided and not chosen, and one seed shows nothing.

exit codes: 0 a checkpoint is recommended; 1 none keeps all limits; 2 an error; 3 none is shown to, and for some it is
undecided; 70 a defect of wattshed."""

NOTHING_EXIT_CODE, UNDECIDED_EXIT_CODE = 1, 3
DEFAULT_FORECASTS = "1e6"
PARTS = ("validation", "test", "later")
SUFFIXES = {"": 1, "k": 1e3, "m": 1e6, "g": 1e9, "ki": 2**10, "mi": 2**20, "gi": 2**30}


def add(commands: Any) -> None:
    parser = commands.add_parser(
        "recommend",
        help="which checkpoint of a study to use for how many forecasts",
        description="Choose the checkpoint of a study that takes the least energy in total within your limits.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="results of a finished study, such as results/homes")
    parser.add_argument(
        "--max-error-rise",
        metavar="SHARE",
        help="largest accepted rise of RMSE and of MAE, such as 5%% or 0.05 (default: the study's "
        "compression.error_budget_share)",
    )
    parser.add_argument(
        "--min-r2", metavar="X", help="least R2 (default: the study's compression.r2_floor, if it has one)"
    )
    parser.add_argument("--max-latency-ms", metavar="X", help="longest time of one window of all nodes")
    parser.add_argument(
        "--max-bytes", metavar="N", help="largest size of the stored weights: 20000, 20k, 20KiB, 1.5M"
    )
    parser.add_argument(
        "--forecasts",
        default=DEFAULT_FORECASTS,
        metavar="N",
        help="how many forecasts it will make (default: %(default)s)",
    )
    parser.add_argument("--against", metavar="LINEAGE", help="checkpoint that errors are held against")
    parser.add_argument(
        "--part",
        choices=PARTS,
        default="validation",
        help="where errors are judged; later: the held-out tails of later months (default: %(default)s)",
    )
    parser.add_argument("--json", action="store_true", help="print the choice and all reasons as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    # Numbers are refused before anything is loaded; pandas takes a second.
    rise = read_share(arguments.max_error_rise, "--max-error-rise")
    floor = _number(arguments.min_r2, "--min-r2", "an R2 below 1, such as 0.5", below=1.0, least=-math.inf)
    latency_ms = _number(
        arguments.max_latency_ms, "--max-latency-ms", "milliseconds above 0, such as 3", above=0.0
    )
    size = _size(arguments.max_bytes, "--max-bytes")
    forecasts = _count(arguments.forecasts, "--forecasts")
    from wattshed.accounts.recommend.choice import recommend
    from wattshed.accounts.recommend.limits import Limits
    from wattshed.accounts.recommend.study import read_study
    from wattshed.accounts.recommend.words import absent_models, absent_sentence, lines, to_json
    from wattshed.foundation.vocabulary import Part

    study = read_study(arguments.folder)
    limits = Limits(
        forecasts=forecasts,
        error_rise_share=study.error_rise_share if rise is None else rise,
        r2_floor=study.r2_floor if floor is None else floor,
        latency_s=None if latency_ms is None else latency_ms / 1000,
        size_bytes=size,
        against=arguments.against,
        part=Part(arguments.part),
    )
    found = recommend(study.checkpoints, study.days, limits, study.controls)
    absent = absent_models(study.models, set(study.checkpoints["model"]), study.controls)
    if arguments.json:
        print(json.dumps(to_json(found, absent, study.baselines), indent=2, allow_nan=False))
    else:
        sentence = absent_sentence(absent, study.baselines)
        print("\n".join([*lines(found), *(["", sentence] if sentence else [])]))
    if found.chosen is not None:
        return 0
    return UNDECIDED_EXIT_CODE if found.undecided else NOTHING_EXIT_CODE


def _number(
    text: str | None,
    option: str,
    expected: str,
    *,
    least: float = 0.0,
    above: float = -math.inf,
    below: float = math.inf,
    shown: str | None = None,
) -> float | None:
    """A finite number within its bounds; raises :class:`Fault` for anything else. shown: what the user wrote."""
    if text is None:
        return None
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not (math.isfinite(number) and number >= least and above < number < below):
        raise Fault(f"{option} is {(shown or text)!r}: expected {expected}; correct it.")
    return number


def _count(text: str, option: str) -> float:
    """A whole number of 1 or more, also as 1e6."""
    expected = "a whole number of 1 or more, such as 1e6"
    number = _number(text, option, expected, least=1.0)
    if number is None or not number.is_integer():
        raise Fault(f"{option} is {text!r}: expected {expected}; correct it.")
    return number


def read_share(text: str | None, option: str) -> float | None:
    if text is None:
        return None
    expected = "a share of 0 or more, such as 5% or 0.05"
    if text.rstrip().endswith("%"):
        percent = _number(text.rstrip()[:-1], option, expected, shown=text)
        return None if percent is None else percent / 100
    share = _number(text, option, expected)
    assert share is not None
    if share > 1 or (share == 1 and "." not in text):
        # 5 is far more often meant as 5 % than as six times the error. 1.0 is a share.
        raise Fault(
            f"{option} is {text!r}: expected {expected}; write {text.strip()}% if you mean per cent, or "
            f"{100 * share:g}% if you mean that share."
        )
    return share


def _size(text: str | None, option: str) -> float | None:
    """Bytes; k, M and G are powers of 1000, Ki, Mi and Gi of 1024, with or without B."""
    if text is None:
        return None
    expected = "a number of bytes above 0, such as 20000, 20k or 20KiB"
    bare = text.strip().lower().removesuffix("b")
    number = bare.rstrip("kmgi")
    suffix = bare[len(number) :]
    if suffix not in SUFFIXES:
        raise Fault(f"{option} is {text!r}: expected {expected}; correct it.")
    try:
        found = float(number) * SUFFIXES[suffix]
    except ValueError:
        found = math.nan
    if not (math.isfinite(found) and found > 0):
        raise Fault(f"{option} is {text!r}: expected {expected}; correct it.")
    return found
