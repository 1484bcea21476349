import pytest

from wattshed.foundation.code_digest import (
    _imported_files,
    code_digest,
    parsed_imports,
    reached_files,
    written_imports,
)

# An import in every kind of statement that holds statements.
HOLDERS = """
import wattshed.m1
class One:
    import wattshed.m2
    async def work(self):
        async with self as name:
            import wattshed.m3
        async for name in self:
            from wattshed import m4
        else:
            import wattshed.m5
try:
    import wattshed.m6
except* ValueError:
    import wattshed.m7
else:
    import wattshed.m8
finally:
    import wattshed.m9
match 1 if (lambda: 1) else 2:
    case 1:
        import wattshed.m10
    case _ if True:
        while True:
            import wattshed.m11
        else:
            if 1:
                pass
            elif 2:
                import wattshed.m12
            else:
                with open("x"):
                    import wattshed.m13
def late():
    try:
        pass
    except ValueError:
        for name in ():
            import wattshed.m14
"""


@pytest.fixture
def library(tmp_path):
    package = tmp_path / "wattshed"
    for place, text in {
        "__init__.py": "",
        "energy/__init__.py": "",
        "energy/ledger.py": "from wattshed.foundation.faults import Fault\n",
        "foundation/__init__.py": "",
        "foundation/faults.py": "class Fault(Exception): ...\n",
        "publish/__init__.py": "",
        "publish/page.css": "body {}\n",
        "publish/report.py": 'STYLE = "page.css"\n',
        "publish/other.py": "import json\n",
    }.items():
        file = package / place
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    script = tmp_path / "script.py"
    script.write_text("def main():\n    from wattshed.energy import ledger\n")
    _imported_files.cache_clear()
    return tmp_path, script


def test_late_and_indirect_imports_are_found_and_unused_files_are_not(library):
    root, script = library
    names = {file.relative_to(root / "wattshed").as_posix() for file in reached_files(script, root)}
    assert {"energy/ledger.py", "foundation/faults.py"} <= names
    assert not any(name.startswith("publish") for name in names)


def test_an_import_is_found_in_every_statement_that_holds_others(library):
    root, script = library
    script.write_text(HOLDERS)
    for number in range(1, 15):
        (root / f"wattshed/m{number}.py").write_text("")
    _imported_files.cache_clear()
    found = {file.stem for file in reached_files(script, root)}
    assert found == {"__init__", *(f"m{number}" for number in range(1, 15))}


def test_an_edit_changes_the_digest_only_of_scripts_that_use_the_file(library):
    root, script = library
    before = code_digest(script, root)
    (root / "wattshed/publish/report.py").write_text("import csv\n")
    assert code_digest(script, root) == before
    (root / "wattshed/foundation/faults.py").write_text("class Fault(ValueError): ...\n")
    assert code_digest(script, root) != before


def test_a_style_sheet_counts_only_for_the_module_that_names_it(library):
    root, script = library
    digests = {}
    for module in ("report", "other"):
        script.write_text(f"from wattshed.publish import {module}\n")
        for color in ("red", "blue"):
            (root / "wattshed/publish/page.css").write_text(f"body {{ color: {color} }}\n")
            _imported_files.cache_clear()
            digests[module, color] = code_digest(script, root)
    assert digests["report", "red"] != digests["report", "blue"]
    assert digests["other", "red"] == digests["other", "blue"]


def test_the_form_of_the_packages_imports_shows_all_that_a_parser_finds(root):
    files = list((root / "workflow/lib/wattshed").rglob("*.py"))
    assert len(files) > 500
    for file in files:
        text = file.read_text(encoding="utf-8")
        assert written_imports(text) == parsed_imports(text, str(file)), file


def test_names_in_parentheses_with_comments_and_new_names_are_imports():
    listed = "from wattshed.a import (\n    b,  # why, and how\n    c as d,\n)\n"
    text = listed + "from wattshed import e as f, g  # h\n"
    names = {"wattshed", *(f"wattshed.{name}" for name in ("a", "a.b", "a.c", "e", "g"))}
    assert written_imports(text) == parsed_imports(text, "here") == names
