"""What importing and using the door brings with it."""

import sys

import pytest

from door_programs import run


def test_nothing_heavy_is_imported_by_the_door(tmp_path):
    program = """
        import sys
        import wattshed
        assert len([name for name in sys.modules if name.startswith("wattshed")]) == 1
        from wattshed import metered
        metered("x", model="gru")
        heavy = {"torch", "pandas", "numpy", "scipy", "pyarrow", "psutil", "pydantic", "codecarbon", "asyncio"}
        assert not heavy & set(sys.modules), heavy & set(sys.modules)
        with metered("x"):
            pass
        assert "torch" not in sys.modules
        assert "metered" in vars(wattshed)
    """
    run(program, tmp_path)


def test_what_the_package_does_not_have_is_named():
    import wattshed

    with pytest.raises(AttributeError, match="module 'wattshed' has no attribute 'measured'"):
        wattshed.measured  # noqa: B018


def test_no_measured_job_of_a_study_depends_on_the_door(root):
    """A change of the door must not repeat any measurement."""
    from wattshed.foundation.code_digest import reached_files

    library = root / "workflow/lib"
    for script in sorted((root / "workflow/scripts").glob("*/*.py")):
        reached = {file.relative_to(library / "wattshed").parts[0] for file in reached_files(script, library)}
        assert "door" not in reached, script


def test_the_gpu_is_waited_for_only_where_torch_has_used_it(monkeypatch):
    from types import SimpleNamespace

    from wattshed.door.block.recorders import synchronise

    calls = []
    for used in (False, True):
        cuda = SimpleNamespace(is_initialized=lambda used=used: used, synchronize=lambda: calls.append(1))
        monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
        synchronise()
        assert len(calls) == used
    monkeypatch.delitem(sys.modules, "torch")
    synchronise()
    assert "torch" not in sys.modules
