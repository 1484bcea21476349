"""Root may read and write everything: what modes of files forbid is tested as another user."""

import codecs
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534
# Python loads a codec at its first use, which that user may not do where the interpreter lies in a closed folder; and
# it remembers that a codec was not found.
for encoding in ("ascii", "utf-8", "utf-8-sig", "latin-1"):
    codecs.lookup(encoding)


@contextmanager
def without_privileges():
    """Run the block as ``nobody`` if root runs the tests, else as whoever does."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@contextmanager
def reachable_folder():
    """A new folder of that user's; pytest's own folders are closed to all but their owner."""
    with tempfile.TemporaryDirectory() as name:
        if os.geteuid() == 0:
            os.chown(name, NOBODY, -1)
        yield Path(name)
        os.chmod(name, 0o700)
