"""Shares on the command line."""

import argparse
import math

# What argparse reads as a share if none is given.
DEFAULT_SLOWDOWN = "0.05"


def share(text: str) -> float:
    """0.15 or 15%; for argparse, whose own sentence names the option. A share is from 0 to 1."""
    bare = text.strip()
    percent = bare.endswith("%")
    try:
        number = float(bare[:-1] if percent else bare) / (100 if percent else 1)
    except ValueError:
        number = math.nan
    if not 0 <= number <= 1:
        hint = f"; write {bare}% if you mean per cent" if _between(bare) else ""
        raise argparse.ArgumentTypeError(f"{text!r}: expected a share from 0 to 1, such as 0.15 or 15%{hint}")
    return number


def _between(text: str) -> bool:
    try:
        return 1 < float(text) <= 100
    except ValueError:
        return False
