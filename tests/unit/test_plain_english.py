"""The clearest markers of unclear English do not occur in comments, docstrings, messages and test names."""

import ast
import io
import re
import tokenize

import pytest

MARKERS = (
    # "for" or "lest" as a conjunction, and other old words: write because, if, again, report, fix.
    r"\bfor then\b",
    r"\bfor it (is|was|has|needs|could|takes)\b",
    r"\bbut for\b",
    r"\bsave for\b",
    r"\blest\b",
    r"\banew\b",
    r"\bwhoever\b",
    r"\bnobody\b",
    r"\banybody\b",
    r"\bmends?\b",
    r"\bso much as\b",
    r"\bin vain\b",
    r"\btwice over\b",
    # "x is no number": write that x is not a number.
    r"(?<![Tt]here )\bis no (?!longer\b|more\b|less\b|other\b|free\b)",
    r"(?<![Tt]here )\bare no (?!longer\b|more\b|less\b|other\b)",
    # A verb left out: write "does not have".
    r"\b(has|have) not(?=[.,;:)]| (is|are)\b)",
    r"\bstands? (in|on|at|beside|twice|there)\b",
)


def sentences(path):
    """Line and text of every comment and string of a Python file; strings without a space are keys."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value.strip():
                yield node.lineno, node.value
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    else:
        yield from enumerate(text.splitlines(), 1)


@pytest.mark.parametrize("folder", ["workflow/lib", "workflow/scripts", "workflow/rules"])
def test_texts_use_plain_english(folder, root):
    any_marker = re.compile("|".join(MARKERS))
    found = [
        f"{path.relative_to(root)}:{line}: {match.group()!r} in {one_line[:120]!r}"
        for path in sorted((root / folder).rglob("*"))
        if path.suffix in {".py", ".smk", ".c"}
        for line, text in sentences(path)
        for one_line in [" ".join(text.split())]
        for match in any_marker.finditer(one_line)
    ]
    assert not found, "\n".join(["write these in plain words:", *found])


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("NaN, for then the weights are none", False),
        ("a channel that the network has not is ignored", False),
        ("this is no number", False),
        ("if there is no number", True),
        ("the key is no longer used", True),
        ("it has not been read", True),
    ],
)
def test_markers_find_only_the_unclear_phrases(text, plain):
    assert plain is not any(re.search(marker, text) for marker in MARKERS)
