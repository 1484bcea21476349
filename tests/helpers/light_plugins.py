"""Whether the plug-ins of a table can be read without loading what jobs compute with."""

import subprocess
import sys

READ_ALL = """
import sys
from wattshed.foundation import plugins
for name in plugins.names({kind!r}):
    plugin = plugins.load({kind!r}, name)
    if hasattr(plugin, "Settings"):
        plugin.Settings.model_json_schema()
    heavy = [module for module in {libraries!r} if module in sys.modules]
    if heavy:
        raise SystemExit(f"{{name}} loads {{', '.join(heavy)}}")
"""


HEAVY = ("torch", "pandas", "scipy", "pyarrow", "matplotlib")


def heavy_imports(kind: str, *more: str) -> str:
    """Empty, or which plug-in of the table loads what although only its settings were read.

    more: libraries that this kind does not load either.
    """
    program = READ_ALL.format(kind=kind, libraries=(*HEAVY, *more))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    return done.stderr.strip()
