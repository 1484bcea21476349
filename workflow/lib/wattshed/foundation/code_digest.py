"""A digest of the library files that a job uses: what its script imports, and its plug-ins.

Snakemake's code trigger sees only the script. With this digest among a rule's params, an edit to a library file reruns
the rules that use it and no others. C sources, templates and style sheets count with the module that names them.
"""

import ast
import hashlib
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

PACKAGE = "wattshed"
DATA_SUFFIXES = (".c", ".css", ".j2")
# An import from the package: "from wattshed.x import a, b", the names on the line or in parentheses.
IMPORT = re.compile(
    rf"^[ \t]*from ({PACKAGE}(?:\.\w+)*) import (?:\(([^)]*)\)|([^\n(]*))", flags=re.MULTILINE
)
COMMENT = re.compile(r"#[^\n]*")
# Fields of a syntax tree that hold statements, or what holds statements: handlers of a ``try``, cases of a ``match``.
BLOCKS = ("body", "orelse", "finalbody", "handlers", "cases")


def code_digest(script: Path | str, library: Path | str, plugins: Iterable[Path] = ()) -> str:
    """Hex digest over the package files that ``script`` and the plug-ins' files reach through their imports.

    library: the folder that holds the package. plugins: files of the plug-ins that the job uses, which the imports do
    not show because plug-ins are loaded by name; these files count too. The script itself is left to Snakemake.
    """
    root = Path(library)
    own = set(plugins)
    # Plug-ins share most of what they reach: one search from all of them.
    files = own | _reached([Path(script), *own], root)
    digest = hashlib.sha256()
    for name, file in sorted((_name_of(file, root), file) for file in files):
        digest.update(name.encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


@cache
def _name_of(file: Path, library: Path) -> str:
    """Path within the package; a study's own plug-in counts by its file name, so the study's folder does not
    matter."""
    return file.relative_to(library).as_posix() if file.is_relative_to(library) else file.name


def reached_files(script: Path, library: Path) -> set[Path]:
    """Package files that ``script`` imports directly or through other package files."""
    return _reached([script], library)


def _reached(starts: Iterable[Path], library: Path) -> set[Path]:
    reached: set[Path] = set()
    waiting = list(starts)
    while waiting:
        for file in _imported_files(waiting.pop(), library):
            if file not in reached:
                reached.add(file)
                waiting.append(file)
    return reached


@cache
def _imported_files(file: Path, library: Path) -> frozenset[Path]:
    if file.suffix != ".py":
        return frozenset()
    text = file.read_text(encoding="utf-8")
    # The package writes its imports in one form, which a test holds; only other people's files need a parser.
    names = (
        written_imports(text) if file.is_relative_to(library / PACKAGE) else parsed_imports(text, str(file))
    )
    # Templates and styles belong to the module beside them that names them.
    beside = (place for place in file.parent.iterdir() if place.suffix in DATA_SUFFIXES)
    files = {place for place in beside if f'"{place.name}"' in text}
    for name in names:
        files.update(_files_of(name, library))
    return frozenset(files)


def written_imports(text: str) -> set[str]:
    """Dotted names that a file of the package imports from the package, found by the form of its lines."""
    names: set[str] = set()
    for module, listed, line in IMPORT.findall(text):
        names.add(module)
        # "from wattshed.energy import ledger" may name a module or something inside the package.
        for one in COMMENT.sub("", listed or line).split(","):
            if words := one.split():
                names.add(f"{module}.{words[0]}")
    return names


def parsed_imports(text: str, place: str) -> set[str]:
    """Dotted names that a Python file imports from the package, by its syntax tree. place: for the parser's errors."""
    names: set[str] = set()
    for node in _statements(ast.parse(text, filename=place)):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name for name in names if name == PACKAGE or name.startswith(f"{PACKAGE}.")}


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
    """All statements at any depth. Imports are statements, and most of a tree are expressions, which take longer."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        for blocks in BLOCKS:
            waiting.extend(getattr(node, blocks, ()))


@cache
def _files_of(name: str, library: Path) -> frozenset[Path]:
    """The module's file and the ``__init__`` of every package above it."""
    package = name.rpartition(".")[0]
    place = library.joinpath(*name.split("."))
    here = {file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file()}
    # Names of one package share the answers for the packages above them.
    return frozenset(here) | (_files_of(package, library) if package else frozenset())
