"""Options that say how a recording is read; the same for every action of ``wattshed clocks``."""

import argparse


def add_reading(parser: argparse.ArgumentParser) -> None:
    reading = parser.add_argument_group("reading")
    reading.add_argument("--reader", help="layout of the file (default: found from its first lines)")
    reading.add_argument(
        "--marks", metavar="FILE", help="CSV that says when each run of a power log began and ended"
    )
    reading.add_argument(
        "--columns",
        action="append",
        default=[],
        metavar="OURS=THEIRS",
        help="a column's name in the file; repeatable",
    )
    reading.add_argument(
        "--units",
        action="append",
        default=[],
        metavar="OURS=UNIT",
        help="a column's unit in the file; repeatable",
    )
    reading.add_argument(
        "--knob",
        choices=("clock", "power_limit"),
        help="what was swept, where the recording does not say it or has both columns",
    )
    reading.add_argument(
        "--period-s",
        type=float,
        metavar="S",
        help="time between two samples of a power log without time stamps [s]",
    )
    reading.add_argument("--time-zone", metavar="NAME", help="of time stamps without offset (default: UTC)")
    reading.add_argument(
        "--gpu-index", type=int, metavar="N", help="only the GPU of this index in a power log"
    )
    reading.add_argument("--gpu", help="only this GPU; its name if the recording does not name it")
    reading.add_argument("--workload", help="only this workload; its name if the recording does not name it")
