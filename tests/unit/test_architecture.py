"""The code keeps to docs/architecture.md."""

import ast
import re
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter

import pytest

# From the lowest up: a room imports only from itself and from rooms listed before it.
ROOMS = (
    "foundation",
    "statistics",
    "config",
    "devices",
    "energy",
    "door",
    "law",
    "data",
    "engine",
    "forecast",
    "memory",
    "training",
    "adaptation",
    "compression",
    "clocks",
    "calibration",
    "accounts",
    "publish",
    "commands",
)
# A reader can still keep about twelve files in mind.
MOST_FILES = 13


def imported_modules(file):
    """Dotted names of the package's modules that a file imports."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("wattshed."))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("wattshed."):
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_when_it_runs(node):
    """Dotted names that a module imports, also inside functions, but without imports for types only."""
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        yield node.module
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    for child in ast.iter_child_nodes(node):
        yield from imported_when_it_runs(child)


@cache
def places(package):
    """Every room and sub-room with the places outside of it that its files import, as ``room`` or ``room/sub_room``."""
    found = {}
    for file in sorted(package.rglob("*.py")):
        here = file.parent.relative_to(package).as_posix()
        for module in imported_modules(file):
            parts = module.split(".")[1:]
            while parts and not (package.joinpath(*parts) / "__init__.py").is_file():
                parts.pop()
            if parts and "/".join(parts) != here:
                found.setdefault(here, {}).setdefault("/".join(parts), set()).add(file.name)
    return found


def test_rooms_import_only_from_rooms_below(root):
    wrong = [
        f"{here} imports {there} ({', '.join(sorted(files))})"
        for here, imports in places(root / "workflow/lib/wattshed").items()
        for there, files in imports.items()
        if here != "." and ROOMS.index(there.split("/")[0]) > ROOMS.index(here.split("/")[0])
    ]
    assert wrong == []


def test_no_sub_rooms_import_one_another_in_a_circle(root):
    imports = {
        here: {place for place in there if "/" in place}
        for here, there in places(root / "workflow/lib/wattshed").items()
        if "/" in here
    }

    def reaches(start, goal, seen):
        return any(
            there == goal or (there not in seen and reaches(there, goal, seen | {there}))
            for there in imports.get(start, ())
        )

    assert [here for here in imports if reaches(here, here, frozenset())] == []


def test_no_files_import_one_another_in_a_circle(root):
    library = root / "workflow/lib"
    files = {
        ".".join(file.relative_to(library).with_suffix("").parts): file
        for file in (library / "wattshed").rglob("*.py")
        if file.name != "__init__.py"
    }
    imports = {
        name: {module for module in imported_when_it_runs(ast.parse(file.read_text())) if module in files}
        for name, file in files.items()
    }
    try:
        tuple(TopologicalSorter(imports).static_order())
    except CycleError as error:
        pytest.fail(" imports ".join(reversed(error.args[1])))


def test_no_room_has_more_files_than_the_limit(root):
    package = root / "workflow/lib/wattshed"
    crowded = {
        folder.relative_to(package).as_posix(): count
        for folder in [*package.rglob("*/"), package]
        if folder.name != "__pycache__"
        # A folder with a table of plug-ins has a file for each plug-in and no limit.
        and not (folder / "registry.py").is_file()
        and (count := sum(file.name != "__init__.py" for file in folder.glob("*.py"))) > MOST_FILES
    }
    assert crowded == {}


def test_every_room_is_listed_in_the_docs_and_no_other_exists(root):
    folders = {path.parent.name for path in (root / "workflow/lib/wattshed").glob("*/__init__.py")}
    assert folders == set(ROOMS)
    drawn = re.findall(r"^\| `(\w+)` \|", (root / "docs/architecture.md").read_text(), re.MULTILINE)
    assert drawn[: len(ROOMS)] == list(ROOMS)


def test_every_rule_has_the_required_directives_and_its_script(root):
    for rules in sorted((root / "workflow/rules").glob("*.smk")):
        for name, body in re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", rules.read_text(), re.M | re.S):
            directives = re.findall(r"^    (\w+):", body, re.MULTILINE)
            for needed in ("output", "log", "benchmark", "resources", "conda", "message", "shell"):
                assert needed in directives, f"{name} does not have {needed}"
            assert "run" not in directives
            script = re.search(r"\{SCRIPTS\}/((\w+)/\w+\.py)", body)
            assert script, f"{name} calls no script"
            assert script[1].endswith(f"/{name}.py"), f"{name} does not call its script"
            if not name.startswith("fetch_"):
                digest = rf'code=(lambda wildcards: )?code_of(_measured)?\(\s*"{script[1]}"'
                assert re.search(digest, body), f"{name} does not carry its library's digest"
            assert (root / "workflow/scripts" / script[1]).is_file()


def test_every_rule_made_in_a_loop_has_the_required_directives(root):
    text = (root / "workflow/rules/publish.smk").read_text()
    bodies = re.findall(r"^    rule:\n(.*?)(?=^\S|\Z)", text, re.M | re.S)
    assert len(bodies) == 2
    for body in bodies:
        directives = re.findall(r"^        (\w+):", body, re.MULTILINE)
        needed = ["name", "input", "output", "log", "benchmark", "localrule", "conda", "resources", "params"]
        assert directives == [*needed, "message", "shell"]
        assert 'code=code_of("publish/make_part.py", (' in body


def test_no_python_file_has_more_than_400_lines(root):
    for file in [*root.glob("workflow/**/*.py"), *root.glob("workflow/**/*.smk")]:
        assert len(file.read_text().splitlines()) <= 400, file


@pytest.mark.parametrize(
    "room", ["foundation", "statistics", "config", "energy", "door", "accounts", "publish"]
)
def test_rooms_that_need_no_network_never_load_torch(root, room):
    library = root / "workflow/lib"
    modules = [
        ".".join(file.relative_to(library).with_suffix("").parts)
        for file in (library / "wattshed" / room).rglob("*.py")
        if file.stem != "__init__"
    ]
    assert len(modules) > 3
    code = f"import importlib, sys\nfor m in {modules!r}: importlib.import_module(m)\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_table_of_files_names_rules_of_the_workflow(root):
    text = (root / "docs/architecture.md").read_text()
    table = text[text.index("## Files that stages hand on") : text.index("What every job with networks gets")]
    named = {
        rule
        for row in re.findall(r"^\| `[^|]*\| ([^|]*) \|", table, re.MULTILINE)
        for rule in re.findall(r"`(\w+)`", row)
    }
    rules = "\n".join(path.read_text() for path in (root / "workflow/rules").glob("*.smk"))
    known = set(re.findall(r"^rule (\w+):", rules, re.MULTILINE))
    blocks = {"chains", "ladder", "law", "memory", "rolling", "sweep"}
    assert {name for name in named if not name.startswith("make_")} - blocks <= known


def test_every_sub_room_is_listed_beside_its_room(root):
    package = root / "workflow/lib/wattshed"
    lines = [line.split(" | ") for line in (root / "docs/architecture.md").read_text().splitlines()]
    rows = [(cells[0].strip("| `"), cells[-1]) for cells in lines if len(cells) == 3]
    drawn = {room: set(re.findall(r"`(\w+)`", cell)) for room, cell in rows if room in ROOMS}
    found = {room: {path.parent.name for path in (package / room).glob("*/__init__.py")} for room in ROOMS}
    assert drawn == found
