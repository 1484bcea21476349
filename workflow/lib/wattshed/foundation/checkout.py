"""The checkout that this library belongs to, the files that it ships, and names for paths with braces."""

import hashlib
import os
import re
from pathlib import Path

from wattshed.foundation.faults import Fault

CHECKOUT = Path(__file__).resolve().parents[4]
# Snakemake reads these as wildcards, or fails on them when it formats commands.
BRACES = re.compile(r"[{}]")


def shipped_file(place: Path | str, root: Path | str = ".") -> Path:
    """A file that the checkout ships, such as ``data/homes/panel.parquet``.

    A file at the same place under ``root`` (the working directory) is preferred. Returns the checkout's path where
    neither exists, so that messages name it.
    """
    own = Path(root) / place
    return own if own.is_file() else CHECKOUT / place


def without_braces_in_name(path: Path | str, links: Path) -> str:
    """The path itself, or a symbolic link under ``links`` if the path contains braces.

    Snakemake reads ``{word}`` in a path as a wildcard and has no escape for it. Raises :class:`Fault` for a path with
    braces that does not exist or to which no link can be made.
    """
    text = str(path)
    if not BRACES.search(text):
        return text
    target = Path(path).absolute()
    if not target.exists():
        raise Fault(f"{text} does not exist: correct the path.")
    link = links / hashlib.sha256(os.fsencode(target)).hexdigest()[:16]
    try:
        if not link.is_symlink() or link.readlink() != target:
            links.mkdir(parents=True, exist_ok=True)
            part = links / f"{link.name}.{os.getpid()}"
            part.unlink(missing_ok=True)
            part.symlink_to(target)
            part.replace(link)
    except OSError as error:
        raise Fault(
            f"{text} contains braces, which Snakemake reads as wildcards, and no link to it can be made at "
            f"{link} "
            f"({error.strerror}): rename the path or make {links} writable."
        ) from error
    return str(link)
