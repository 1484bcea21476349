"""Input files that a study names are checked before anything runs."""

import os
import stat
from pathlib import Path

from wattshed.foundation.faults import Fault


def check_input(path: Path | str, origin: str) -> None:
    """Raise :class:`Fault` unless the path is a file that this user may read.

    origin: the configuration that names it, for the sentence.
    """
    try:
        mode = Path(path).stat().st_mode
        if stat.S_ISREG(mode) and os.access(path, os.R_OK):
            return
        found = "may not be read by this user" if stat.S_ISREG(mode) else "is not a regular file"
    except FileNotFoundError:
        found = "does not exist"
    except (OSError, ValueError) as error:
        found = f"cannot be found ({getattr(error, 'strerror', error)})"
    raise Fault(
        f"{origin}: the input file {str(path)!r} {found}: expected a file that this user may read, named relative to "
        "the working directory; correct its path, or fetch it (data/README.md says how)."
    )
