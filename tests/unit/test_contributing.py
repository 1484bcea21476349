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
import sys, wattshed, yaml
from wattshed.foundation import plugins
print(wattshed.__file__)
for kind, text in zip(sys.argv[1::2], sys.argv[2::2], strict=True):
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
    "Add a rule of choice",
    "Add a reader of recordings",
    "Add a table",
)


def test_contributing_has_the_expected_sections(root):
    assert tuple(sections(root)) == TITLES


def test_the_steps_of_each_section_give_a_plugin_that_passes_its_contract(root, tmp_path):
    """All sections are followed in one copy of the package, and one pytest runs their contract tests."""
    shutil.copytree(
        root / LIBRARY, tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info")
    )
    settings, contracts = [], {}
    for title, blocks in sections(root).items():
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
                settings += [what, text]
            else:
                (line,) = text.splitlines()
                pytest_, file, option, name = shlex.split(line)
                assert (pytest_, option) == ("pytest", "-k")
                contracts[title] = (file, name)
    assert tuple(contracts) == TITLES, "the last step of each section runs the contract test"
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "lib"), "PYTHONDONTWRITEBYTECODE": "1"}

    def run(*words):
        done = subprocess.run(
            [sys.executable, *words], cwd=root, env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
        return done.stdout

    # The copy of the package is tested, not the installed one.
    assert run("-c", READ, *settings).startswith(str(tmp_path))
    files, names = zip(*contracts.values(), strict=True)
    options = ["-v", "--tb=short", "-p", "no:randomly", "-p", "no:cacheprovider"]
    said = run("-m", "pytest", *files, "-k", " or ".join(names), *options)
    for file, name in contracts.values():
        # A file, or a folder of them.
        passed = rf"^{re.escape(file)}\S*::\S*{re.escape(name)}.* PASSED"
        assert re.search(passed, said, re.MULTILINE), f"no test of {name} in {file}"


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
