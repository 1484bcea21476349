"""The folder in which wattshed keeps what holds for a user and not for one study."""

import os
import tempfile
from pathlib import Path


def user_cache() -> Path | None:
    """wattshed's folder in the user's cache; None for a user without a home folder."""
    try:
        return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wattshed"
    except RuntimeError:
        return None


def cache_folder() -> Path:
    """:func:`user_cache`, or a temporary folder if there is none or its path has the braces of wildcards."""
    place = user_cache()
    if place is None or set("{}") & set(str(place)):
        return Path(tempfile.gettempdir()) / f"wattshed-{os.getuid()}"
    return place
