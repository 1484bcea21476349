"""The house stands as docs/architecture.md draws it."""

import ast
import re
import subprocess
import sys

import pytest

ROOMS = (
    "foundation",
    "config",
    "energy",
    "data",
    "engine",
    "forecast",
    "training",
    "adaptation",
    "compression",
    "clocks",
    "accounts",
    "publish",
    "commands",
)


def imported_rooms(file):
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for name in names:
            parts = name.split(".")
            if parts[0] == "wattshed" and len(parts) > 1:
                yield parts[1]


def test_rooms_import_only_from_the_left(root):
    package = root / "workflow/lib/wattshed"
    wrong = [
        f"{file.relative_to(package)} imports {room}"
        for position, name in enumerate(ROOMS)
        for file in sorted((package / name).rglob("*.py"))
        for room in imported_rooms(file)
        if room not in ROOMS[: position + 1]
    ]
    assert wrong == []


def test_every_room_is_drawn_in_the_docs_and_no_other_exists(root):
    folders = {path.parent.name for path in (root / "workflow/lib/wattshed").glob("*/__init__.py")}
    assert folders == set(ROOMS)
    drawn = re.findall(r"^\| `(\w+)` \|", (root / "docs/architecture.md").read_text(), re.MULTILINE)
    assert drawn[: len(ROOMS)] == list(ROOMS)


def test_every_rule_has_the_house_shape_and_its_script(root):
    for rules in sorted((root / "workflow/rules").glob("*.smk")):
        for name, body in re.findall(r"^rule (\w+):\n(.*?)(?=^\S|\Z)", rules.read_text(), re.M | re.S):
            directives = re.findall(r"^    (\w+):", body, re.MULTILINE)
            for needed in ("output", "log", "benchmark", "resources", "conda", "message", "shell"):
                assert needed in directives, f"{name} lacks {needed}"
            assert "run" not in directives
            assert f"{{SCRIPTS}}/{name}.py" in body, f"{name} does not call its script"
            if not name.startswith("fetch_"):
                assert f'code=code_of("{name}.py")' in body, f"{name} does not carry its library's digest"
            assert (root / f"workflow/scripts/{name}.py").is_file()


def test_no_python_file_grows_beyond_400_lines(root):
    for file in [*root.glob("workflow/**/*.py"), *root.glob("workflow/**/*.smk")]:
        assert len(file.read_text().splitlines()) <= 400, file


@pytest.mark.parametrize("room", ["accounts", "publish"])
def test_tables_and_figures_never_load_torch(root, room):
    modules = [
        f"wattshed.{room}.{file.stem}"
        for file in (root / f"workflow/lib/wattshed/{room}").glob("*.py")
        if file.stem != "__init__"
    ]
    code = f"import importlib, sys\nfor m in {modules!r}: importlib.import_module(m)\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
