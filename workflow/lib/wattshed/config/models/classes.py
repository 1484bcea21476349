"""Whether models, recipes and blocks of a study fit what its source gives: labelled windows or readings."""

from __future__ import annotations

from typing import TYPE_CHECKING

from wattshed.foundation import plugins

if TYPE_CHECKING:
    from wattshed.config.study import Study

LABELLED, READINGS = "labelled windows", "readings"


def check_classes(study: Study) -> None:
    """Raise :class:`ValueError` for a family, a recipe or a block that is for the other kind of panel."""
    kind = study.data.source.kind
    labelled = bool(getattr(plugins.load("source", kind), "labelled", False))
    given = f"the source {kind} gives {LABELLED if labelled else READINGS}"
    if labelled:
        _refuse_blocks_of_readings(study, given)
    for name, model in study.models.items():
        if _takes_examples(model.form) != labelled:
            forms = [form for form in plugins.names("family") if _takes_examples(form) == labelled]
            raise ValueError(
                f"models.{name}.form is {model.form!r}, a family for {READINGS if labelled else LABELLED}, "
                f"and {given}; "
                f"expected one of {forms}"
            )
    for name, recipe in study.recipes.items():
        if (recipe.sampling == "examples") != labelled:
            raise ValueError(
                f"recipes.{name}.sampling is {recipe.sampling!r} and {given}; expected "
                f"{'examples' if labelled else 'windows, pairs or sequences'}"
            )


def _refuse_blocks_of_readings(study: Study, given: str) -> None:
    if study.graph.method != "auto":
        raise ValueError(
            f"graph.method is {study.graph.method!r} and {given}, whose classes have no neighbours; expected auto: "
            "remove the key"
        )
    if study.ladder is not None:
        raise ValueError(
            f"ladder is given and {given}; its steps are recipes for readings; expected none: remove the block"
        )


def _takes_examples(form: str) -> bool:
    return "examples" in plugins.load("family", form).samplings
