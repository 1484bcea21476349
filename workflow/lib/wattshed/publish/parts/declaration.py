"""How a table or figure declares itself: what it needs, what it writes, how it is made.

A part's module holds ``TABLE = TablePart(...)`` or ``FIGURE = FigurePart(...)``. The Snakefile needs to know what each
part reads and writes before anything runs, but importing pandas and matplotlib would take longer than all other
planning. So :func:`declared` reads the call from the module's text. Everything in it except ``make`` must therefore be
written as literal strings and tuples of strings. A part's module may import anything.
"""

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from wattshed.foundation.extending.kinds import KINDS
from wattshed.foundation.faults import Fault
from wattshed.foundation.plugins import source_file

if TYPE_CHECKING:
    from wattshed.publish.parts.inputs import Inputs

PartKind = Literal["table", "figure"]
KEYS = ("message", "caption", "inputs", "parameters", "windows", "make", "notes")
# Values of these keys are code.
CODE = ("make", "notes")
TABLE_KEYS = ("files", "in_report_only")
TUPLES = ("inputs", "parameters", "files", "windows")


@dataclass(frozen=True)
class Declaration:
    """What the Snakefile must know of a part before it is made.

    message: of its rule, such as "Make the table of accuracy"; caption: of its files in Snakemake's report, and for a
    figure below it in the study's report; inputs: names of results that it is made from (see :class:`Inputs`): a study
    that lacks one of them does not make the part; parameters: names of settings that it uses; files: stems of what it
    writes; in_report_only: shown in the report, without a file of its own; windows: of which windows it shows energies.
    """

    name: str
    message: str
    caption: str
    inputs: tuple[str, ...]
    parameters: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    in_report_only: bool = False
    windows: tuple[str, ...] = ()


def declared(kind: PartKind, name: str) -> Declaration:
    """The declaration of a part, read from its module's text without importing it.

    Raises :class:`Fault` for a declaration that is not literal.
    """
    member = KINDS[kind].member
    file = source_file(kind, name)
    call = _assigned(ast.parse(file.read_text(encoding="utf-8"), filename=str(file)), member)
    where = f"{file}, where {member} of the {kind} {name!r} is defined,"
    if not isinstance(call, ast.Call) or call.args or any(word.arg is None for word in call.keywords):
        raise Fault(
            f"{where} has no declaration that can be read: expected {member} = {kind.capitalize()}Part(message=..., "
            "caption=..., inputs=(...), make=...); write it out."
        )
    known = KEYS if kind == "figure" else (*KEYS, *TABLE_KEYS)
    values: dict[str, Any] = {}
    for word in call.keywords:
        assert word.arg is not None
        if word.arg not in known:
            raise Fault(f"{where} sets {word.arg!r}: expected only {', '.join(known)}; remove it.")
        if word.arg not in CODE:
            values[word.arg] = _literal(word.value, word.arg, where)
    lacking = [key for key in ("message", "caption", "inputs") if not values.get(key)]
    if lacking:
        raise Fault(f"{where} lacks {lacking[0]}: expected a text or names in it; add it.")
    return Declaration(name=name, **({"files": (name,)} | values))


def made_from(kind: PartKind, name: str, inputs: "Inputs") -> "Inputs":
    """The inputs and settings that a part declares, and no others. Raises :class:`Fault` for one that is missing."""
    declaration = declared(kind, name)
    return inputs.only(declaration.inputs, declaration.parameters, f"{kind} {name!r}")


def _assigned(tree: ast.Module, member: str) -> ast.expr | None:
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(target, ast.Name) and target.id == member for target in targets):
            return node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
    return None


def _literal(value: ast.expr, key: str, where: str) -> Any:
    try:
        found = ast.literal_eval(value)
    except ValueError:
        found = None
    if key in TUPLES:
        good = isinstance(found, tuple) and all(isinstance(text, str) for text in found)
        expected = "a tuple of texts"
    elif key == "in_report_only":
        good, expected = isinstance(found, bool), "True or False"
    else:
        good, expected = isinstance(found, str), "a text"
    if not good:
        raise Fault(
            f"{where} sets {key} to something that is not a literal: expected {expected}; correct it."
        )
    return found
