"""Run a script of this checkout with the library of this checkout, whatever else is installed.

Rules start every script through this file. The library is put into ``sys.path`` here because a colon in a folder's name
would split PYTHONPATH.
"""

import runpy
import sys
from pathlib import Path

LIBRARY = Path(__file__).resolve().parent.parent / "lib"

if __name__ == "__main__":
    sys.argv = sys.argv[1:]
    sys.path.insert(0, str(LIBRARY))
    runpy.run_path(sys.argv[0], run_name="__main__")
