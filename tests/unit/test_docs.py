"""The tests, files and examples that the pages name exist and work."""

import re
import subprocess

import pytest

PAGES = (
    "README.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "data/README.md",
    "data/homes/README.md",
    *(
        f"docs/{name}.md"
        for name in (
            "chains",
            "clocks",
            "plugins",
            "recordings",
            "python",
            "methods",
            "faults",
            "ledger",
            "limits",
            "architecture",
            "energy_law",
        )
    ),
)
CITED_TEST = re.compile(r"`(test_\w+\.py)?::(test_\w+)`")
# Files of the repository, by folder and name. Results and a study's own files do not end like this.
CITED_FILE = re.compile(r"`((?:[\w-]+/)+[\w-]+\.(?:py|c|smk|toml|md|yaml|txt))`")
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


@pytest.fixture(scope="module")
def files(root):
    ignored = {".git", ".venv", ".snakemake", "results"}
    return [
        path.relative_to(root).as_posix()
        for top in sorted(root.iterdir())
        if top.name not in ignored
        for path in ([top] if top.is_file() else sorted(top.rglob("*")))
        if path.is_file()
    ]


def test_every_fault_cites_tests_that_exist(root, files):
    """A fault cannot return as long as its test exists."""
    texts = {}
    for file in files:
        if re.fullmatch(r"tests/.*/test_\w+\.py", file):
            texts.setdefault(file.rpartition("/")[2], []).append((root / file).read_text(encoding="utf-8"))
    page = (root / "docs/faults.md").read_text(encoding="utf-8")
    missing, module = [], None
    cited = CITED_TEST.findall(page)
    for named, test in cited:
        module = named or module
        if not any(f"def {test}(" in text for text in texts.get(module, [])):
            missing.append(f"{module}::{test}")
    assert len(cited) > 15
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_exist(page, root, files):
    """Files of the package are named relative to the package's folder."""
    text = (root / page).read_text(encoding="utf-8")
    absent = [
        name
        for name in CITED_FILE.findall(text)
        if not name.startswith("results/") and not any(f"/{file}".endswith(f"/{name}") for file in files)
    ]
    links = [
        link
        for link in LINK.findall(text)
        if "://" not in link and not (root / page).parent.joinpath(link).exists()
    ]
    assert absent == []
    assert links == []


def test_every_reserved_word_is_listed(root):
    from wattshed.config.names import RESERVED

    page = (root / "docs/chains.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?:the|a) (study|model|strategy|variant|chain) \| (.*) \|$", page, re.MULTILINE)
    listed = {what: set(re.findall(r"`(\w+)`", words)) for what, words in rows}
    assert listed == {
        "study": RESERVED["study"],
        "model": RESERVED["models"],
        "strategy": RESERVED["adaptation.strategies"],
        "variant": RESERVED["compression.variants"],
        "chain": RESERVED["chains"],
    }


@pytest.mark.parametrize("kind", ["strategy", "method"])
def test_the_chains_page_states_what_each_step_needs_and_keeps(kind, root):
    from wattshed.forecast.families.family import Offer
    from wattshed.foundation import plugins

    page = (root / "docs/chains.md").read_text(encoding="utf-8")
    rows = {
        name: (asks, keeps)
        for names, asks, keeps in re.findall(
            rf"^\| (?:{kind}|{kind[:-1]}ies) (.*) \| (.*) \| (.*) \|$", page, re.MULTILINE
        )
        for name in re.findall(r"`(\w+)`", names)
    }
    assert set(rows) == set(plugins.names(kind)), (
        f"docs/chains.md: give each {kind} a row in its table of steps"
    )
    for name, (asks, keeps) in rows.items():
        plugin = plugins.load(kind, name)
        assert set(re.findall(r"`(\w+)`", asks)) == set(plugin.asks)
        kept = getattr(plugin, "keeps", frozenset(Offer))
        if keeps.startswith("all"):
            assert kept == frozenset(Offer)
        else:
            assert set(re.findall(r"`(\w+)`", keeps)) == set(kept)


def test_the_chains_page_states_what_each_family_offers(root):
    from wattshed.config.models.families import read_model
    from wattshed.forecast.families.family import Offer
    from wattshed.foundation import plugins

    page = (root / "docs/chains.md").read_text(encoding="utf-8")
    order = tuple(Offer)
    answers = r" \| (yes|no)" * len(order)
    rows = re.findall(rf"^\| `(\w+)`[^|]*?{answers} \|$", page, re.MULTILINE)
    assert [row[0] for row in rows] == plugins.names("family"), "docs/chains.md: give each family a row"
    for form, *answers in rows:
        settings = read_model({"form": form, "recipe": "any"})
        offered = plugins.load("family", form).offers(settings)
        assert [answer == "yes" for answer in answers] == [offer in offered for offer in order]


@pytest.mark.parametrize("page", ["README.md", "docs/python.md"])
def test_the_python_examples_of_a_page_run(page, root, tmp_path):
    """The examples are run unchanged, one after the other, with fake functions for the training."""
    import sys

    text = (root / page).read_text(encoding="utf-8")
    work = "def train_one_epoch():\n    return sum(i * i for i in range(2_000_000))\n\n"
    codes = [code for code in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "Trainer" not in code]
    assert codes
    done = subprocess.run(
        [sys.executable, "-c", work + "\n".join(codes)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "has lost" not in done.stderr
    assert "is not metered" not in done.stderr
    assert list(tmp_path.glob("ledgers/train-*.jsonl"))


def test_the_python_examples_of_the_energy_law_run(root):
    import sys

    text = (root / "docs/energy_law.md").read_text(encoding="utf-8")
    codes = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(codes) == 2
    program = "import sys\n" + codes[0] + "assert 'torch' not in sys.modules\n" + codes[1]
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # 2 x 256 x (24 x 64 + 64 x 6) FLOPs and one addition per value; weights with biases.
    assert done.stdout.splitlines()[0] == f"{2 * 256 * 30 * 64 + 256 * 6} {25 * 64 + 65 * 6}"


def test_the_configurations_in_the_readme_are_valid(root):
    """The YAML blocks in README.md and docs/chains.md, put into the default study."""
    import yaml

    from wattshed.config.study import load_study

    for page in ("README.md", "docs/chains.md"):
        text = (root / page).read_text(encoding="utf-8")
        for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL):
            given = yaml.safe_load(block)
            if "plugins" in given:
                continue
            study = yaml.safe_load((root / "config/config.yaml").read_text(encoding="utf-8"))
            for key, value in given.items():
                study[key] = {**study[key], **value} if isinstance(value, dict) else value
            load_study(study, page)
