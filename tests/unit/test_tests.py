"""Tests can run alone, in any order and on any worker."""

import ast


def test_no_test_module_imports_another(root):
    """Such an import depends on the modules imported before; shared code belongs in tests/helpers."""
    wrong = [
        f"{file.name}: {node.module}"
        for file in sorted((root / "tests").rglob("*.py"))
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("test_")
    ]
    assert wrong == []
