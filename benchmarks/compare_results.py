"""Compare two result folders of one study: whether base models and baselines give the same bytes.

    python benchmarks/compare_results.py OLD NEW

Compares checkpoints, forecasts and scores of every base model and baseline of OLD with those of NEW. Prints one line
for each that differs or is missing. Exit code: 0 if all are equal, 1 if one differs, 2 if a folder cannot be read.
Both layouts of checkpoints are known: models/NAME-SEED.safetensors and checkpoints/NAME-SEED.safetensors.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

CHECKPOINTS = ("checkpoints", "models")
RENAMED = {"product": "residual_stgnn"}
SCORES = "accuracy/scores.parquet"


def differences(old: Path, new: Path) -> list[str]:
    """One sentence for each file or row of OLD that is missing or different in NEW; empty if all are equal.

    Raises ValueError for a folder without forecasts, scores or checkpoints, or with a file that is damaged.
    """
    found = []
    for what in ("forecasts", "checkpoints"):
        before, after = tensor_files(old, what), tensor_files(new, what)
        for name, path in before.items():
            if name not in after:
                found.append(f"{what} of {name}: missing in {new}")
            elif difference := tensor_difference(path, after[name]):
                found.append(f"{what} of {name}: {difference}")
    return found + score_differences(scores(old), scores(new))


def tensor_files(folder: Path, what: str) -> dict[str, Path]:
    """Files of base models by their name, as NEW spells it. A lineage such as stgnn+replay is not a base model."""
    rooms = CHECKPOINTS if what == "checkpoints" else (what,)
    files = [path for room in rooms for path in sorted((folder / room).glob("*.safetensors"))]
    if not files:
        raise ValueError(f"{folder} holds no {what}: expected {folder / rooms[0]}/*.safetensors")
    return {renamed(path.stem): path for path in files if "+" not in path.stem}


def renamed(name: str) -> str:
    model, dash, seed = name.rpartition("-") if name.rpartition("-")[2].isdigit() else (name, "", "")
    return f"{RENAMED.get(model, model)}{dash}{seed}"


def tensor_difference(old: Path, new: Path) -> str | None:
    """The first difference between the tensors of two files; other metadata is not compared."""
    before, after = tensors(old), tensors(new)
    if before.keys() != after.keys():
        return f"tensors {sorted(before.keys() ^ after.keys())} are only in one of them"
    for name, (dtype, shape, values) in before.items():
        other_dtype, other_shape, other_values = after[name]
        if (dtype, shape) != (other_dtype, other_shape):
            return f"{name} is {dtype} {shape} and {other_dtype} {other_shape}"
        if values != other_values:
            return f"{name} differs{largest_difference(dtype, values, other_values)}"
    return None


def tensors(path: Path) -> dict[str, tuple[str, list[int], bytes]]:
    """Type, shape and bytes by name, read without a library that could convert them."""
    raw = path.read_bytes()
    size = int.from_bytes(raw[:8], "little")
    try:
        header = json.loads(raw[8 : 8 + size])
        header.pop("__metadata__", None)
        body = raw[8 + size :]
        return {
            name: (entry["dtype"], entry["shape"], body[slice(*entry["data_offsets"])])
            for name, entry in header.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is not a safetensors file ({error})") from error


def largest_difference(dtype: str, old: bytes, new: bytes) -> str:
    types = {"F64": np.float64, "F32": np.float32, "F16": np.float16}
    if dtype not in types:
        return ""
    before, after = (np.frombuffer(values, types[dtype]).astype(float) for values in (old, new))
    return f" by up to {np.nanmax(np.abs(before - after)):.3g}"


def scores(folder: Path) -> pd.DataFrame:
    path = folder / SCORES
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise ValueError(f"{path} cannot be read ({error})") from error
    if "model" in frame:
        frame["model"] = frame["model"].replace(RENAMED)
    return frame


def score_differences(old: pd.DataFrame, new: pd.DataFrame) -> list[str]:
    """Rows are matched by all their columns that are not floating-point; columns that one frame lacks are left out."""
    columns = [name for name in old.columns if name in new.columns]
    keys = [name for name in columns if not pd.api.types.is_float_dtype(old[name])]
    values = [name for name in columns if name not in keys]
    after = dict(zip(new[keys].itertuples(index=False, name=None), new[values].to_numpy(float), strict=True))
    found = []
    for key, row in zip(
        old[keys].itertuples(index=False, name=None), old[values].to_numpy(float), strict=True
    ):
        said = " ".join(map(str, key))
        if key not in after:
            found.append(f"scores of {said}: missing")
        elif not (equal := same(row, after[key])).all():
            name = values[int(np.flatnonzero(~equal)[0])]
            found.append(f"scores of {said}: {name} differs")
    return found


def same(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    return (left == right) | (np.isnan(left) & np.isnan(right))


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("old", type=Path, help="result folder of the study before, such as results/homes")
    parser.add_argument("new", type=Path, help="result folder of the same study after")
    arguments = parser.parse_args(argv)
    try:
        found = differences(arguments.old, arguments.new)
    except (OSError, ValueError) as error:
        print(f"error: {error}.", file=sys.stderr)
        return 2
    for sentence in found:
        print(sentence)
    print(f"{len(found)} differences" if found else "equal to the byte")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
