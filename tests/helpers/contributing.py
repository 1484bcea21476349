"""The examples in CONTRIBUTING.md. As a program it writes their modules into a folder, for mypy to check."""

import re
import sys
import textwrap
from pathlib import Path

BLOCK = re.compile(r"^( *)```(\w+) ?(\S*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def sections(root):
    """The code blocks of each section that adds something: language, label and text."""
    text = (root / "CONTRIBUTING.md").read_text(encoding="utf-8")
    found = {}
    for section in text.split("\n## ")[1:]:
        title, _, body = section.partition("\n")
        blocks = [(match[2], match[3], textwrap.dedent(match[4])) for match in BLOCK.finditer(body)]
        if blocks:
            found[title] = blocks
    return found


def write_modules(root, folder):
    folder.mkdir(parents=True, exist_ok=True)
    for blocks in sections(root).values():
        for language, file, text in blocks:
            if language == "python" and not file.endswith("/registry.py"):
                (folder / Path(file).name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    write_modules(Path(__file__).resolve().parents[2], Path(sys.argv[1]))
