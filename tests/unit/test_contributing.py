"""The examples of CONTRIBUTING.md are written, registered and run through their contract tests."""

import os
import re
import shlex
import shutil
import subprocess
import sys

import pytest
import yaml

from contributing import sections

LIBRARY = "workflow/lib/"
READ = """
import sys, yaml
from wattshed.foundation import plugins
kind, text = sys.argv[1:]
study = yaml.safe_load(text)
place = {
    "strategy": lambda: study["adaptation"]["strategies"],
    "method": lambda: study["compression"]["variants"],
    "family": lambda: study["models"],
}[kind]()
(name, given), = place.items()
print(plugins.load(kind, given.get("kind") or given.get("method") or given.get("form")).Settings(**given))
"""
LINEAGES = """
import sys, yaml
from wattshed.config.lineages import lineages_of
from wattshed.config.study import load_study
print(*lineages_of(load_study(yaml.safe_load(open(sys.argv[1])), sys.argv[1])))
"""


TITLES = (
    "Add a strategy",
    "Add a compression method",
    "Add a model family",
    "Add a sensor",
    "Add a clock rule",
    "Add a table",
)


def test_contributing_has_the_expected_sections(root):
    assert tuple(sections(root)) == TITLES


@pytest.mark.parametrize("title", TITLES)
def test_the_steps_of_each_section_give_a_plugin_that_passes_its_contract(title, root, tmp_path):
    blocks = sections(root)[title]
    shutil.copytree(
        root / LIBRARY, tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    commands = []
    for language, what, text in blocks:
        if what.endswith("/registry.py"):
            table = tmp_path / "lib" / what.removeprefix(LIBRARY)
            before, end, after = table.read_text().rpartition("}")
            table.write_text(f"{before}    {text.strip()}\n{end}{after}")
        elif language == "python":
            new = tmp_path / "lib" / what.removeprefix(LIBRARY)
            assert not new.exists(), f"{what} exists: the example needs another name"
            new.write_text(text)
        elif language == "yaml":
            commands.append([sys.executable, "-c", READ, what, text])
        else:
            commands += [
                [
                    sys.executable,
                    "-m",
                    *shlex.split(line),
                    "-q",
                    "-p",
                    "no:randomly",
                    "-p",
                    "no:cacheprovider",
                ]
                for line in text.splitlines()
            ]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "lib"), "PYTHONDONTWRITEBYTECODE": "1"}
    for command in commands:
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert re.search(r"\d+ passed", done.stdout), "the last step runs the contract test"
    # The copy of the package was tested, not the installed one.
    where = [sys.executable, "-c", "import wattshed; print(wattshed.__file__)"]
    assert str(tmp_path) in subprocess.run(where, env=environment, capture_output=True, text=True).stdout


@pytest.mark.parametrize(("title", "what"), [*zip(TITLES, ("strategy", "method", "family"), strict=False)])
def test_the_settings_of_each_example_can_be_added_to_the_default_study(title, what, root, tmp_path):
    """As a plug-in of the study's own, which needs no copy of the package."""
    blocks = sections(root)[title]
    module = next(
        (file, text) for language, file, text in blocks if language == "python" and "registry" not in file
    )
    added = yaml.safe_load(next(text for language, _, text in blocks if language == "yaml"))
    study = yaml.safe_load((root / "config/config.yaml").read_text())
    for block, value in added.items():
        if block == "chains":
            study["chains"] += value
        elif block == "models":
            study["models"] |= value
        else:
            key = "strategies" if what == "strategy" else "variants"
            study[block][key] |= value[key]
    (tmp_path / module[0].rsplit("/", 1)[1]).write_text(module[1])
    study["plugins"] = [module[0].rsplit("/", 1)[1]]
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study))
    done = subprocess.run(
        [sys.executable, "-c", LINEAGES, "study.yaml"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-2000:]
    chain = added["chains"][0]
    assert "+".join([chain["model"], *chain["steps"]]) in done.stdout.split()


def test_every_example_that_names_settings_is_a_mapping(root):
    for blocks in sections(root).values():
        for language, _, text in blocks:
            assert language != "yaml" or isinstance(yaml.safe_load(text), dict)
