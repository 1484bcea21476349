"""Every checkpoint that a study makes: its lineage, its parent and the step between them."""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from wattshed.config.data.data import DataBlock
from wattshed.config.memory.plans import mechanisms_of, refuse_freed, refuse_misfits
from wattshed.config.models.adaptation import AdaptationBlock
from wattshed.config.models.chains import SWEEP, ChainBlock
from wattshed.config.models.compression import CompressionBlock
from wattshed.config.models.families import ModelBlock
from wattshed.config.models.recipes import RecipeBlock, most_steps
from wattshed.config.offers import TRAINED_FURTHER, offers_after
from wattshed.foundation import plugins
from wattshed.foundation.extending.kinds import KindName
from wattshed.foundation.faults import one_line
from wattshed.foundation.vocabulary import LINEAGE_JOINT

# Files are named after lineages, and names of files have at most 255 bytes.
LONGEST_LINEAGE = 160


class Steps(Protocol):
    """What is read from a study here."""

    @property
    def device(self) -> str: ...

    @property
    def data(self) -> DataBlock: ...

    @property
    def models(self) -> Mapping[str, ModelBlock]: ...

    @property
    def adaptation(self) -> AdaptationBlock: ...

    @property
    def compression(self) -> CompressionBlock: ...

    @property
    def chains(self) -> Sequence[ChainBlock]: ...

    def recipe_of(self, model: str) -> RecipeBlock: ...


@dataclass(frozen=True)
class Lineage:
    """One checkpoint of a study, for each of its seeds.

    text: such as ``stgnn+replay``; model: its base model; parent: lineage before the last step, None for a base model;
    step: name of the last step in the study; kind: what the step is; plugin: the strategy or method by which it is
    made; settings: the step's block.
    """

    text: str
    model: str
    parent: "Lineage | None" = None
    step: str = ""
    kind: Literal["model", "strategy", "method"] = "model"
    plugin: str = ""
    settings: Any = None

    def ancestry(self) -> list["Lineage"]:
        """From the base model to this lineage."""
        return [*(self.parent.ancestry() if self.parent else []), self]

    def plugins(self, study: Steps) -> list[tuple[KindName, str]]:
        """The plug-ins that made it, as ``(kind, name)``; those of its students' families too."""
        steps: list[tuple[KindName, str]] = [
            ("strategy" if one.kind == "strategy" else "method", one.plugin)
            for one in self.ancestry()
            if one.parent is not None
        ]
        made: list[tuple[KindName, str]] = [
            ("family", block.form)
            for one in self.ancestry()
            if one.kind == "method" and (block := plugins.load("method", one.plugin).becomes(one.settings))
        ]
        recipes = [study.recipe_of(self.model)]
        for one in self.ancestry():
            if one.kind == "method":
                recipes.append(plugins.load("method", one.plugin).recipe_after(one.settings, recipes[-1]))
        memory: list[tuple[KindName, str]] = [
            ("mechanism", kind) for recipe in recipes for kind in mechanisms_of(recipe)
        ]
        family: tuple[KindName, str] = ("family", study.models[self.model].form)
        return list(dict.fromkeys([family, *made, *steps, *memory]))


def lineages_of(study: Steps) -> dict[str, Lineage]:
    """All lineages by their text, each after its parent.

    The base models; every strategy on each of ``adaptation.models``, and every variant on each of
    ``compression.models``, that it does not leave out; the chains with all their intermediate lineages. Raises
    :class:`ValueError` with the place and the reason if a step is unknown, repeated, or not supported by its
    checkpoint's family.
    """
    found = {name: Lineage(name, name) for name in study.models}
    for block, steps, compared in (
        ("adaptation", study.adaptation.strategies, study.adaptation.models),
        ("compression", study.compression.variants, study.compression.models),
    ):
        for place, text in enumerate(compared):
            model, *before = text.split(LINEAGE_JOINT)
            for step, settings in steps.items():
                if settings.models is not None and text not in settings.models:
                    continue
                _follow(study, found, model, [*before, step], f"{block}.models.{place}")
    chains: dict[tuple[str, ...], str] = {}
    for place, chain in enumerate(study.chains):
        where = f"chains.{place} ({chain.name})"
        if SWEEP in chain.steps[:-1]:
            raise ValueError(
                f"{where}: {SWEEP} comes before other steps, but makes no checkpoint: expected it as the "
                "last step, or not at all"
            )
        path = (chain.model, *chain.steps)
        if path in chains:
            raise ValueError(
                f"{where} repeats the chain {chains[path]!r}, {' -> '.join(path)}: remove one of them"
            )
        chains[path] = chain.name
        _follow(study, found, chain.model, chain.makes, where)
    for text in found:
        if len(text) > LONGEST_LINEAGE:
            raise ValueError(
                f"the lineage {text[:40]}... has {len(text)} characters, and files are named after it; expected "
                f"at most {LONGEST_LINEAGE}: shorten the names of models and steps"
            )
    return found


def swept_lineages(study: Steps) -> list[str]:
    """Lineages whose chains end with a clock sweep, each once."""
    return list(
        dict.fromkeys(
            LINEAGE_JOINT.join([chain.model, *chain.makes]) for chain in study.chains if chain.swept
        )
    )


def refuse_untrainable_sweeps(study: Steps, works: Sequence[str]) -> None:
    """Raises :class:`ValueError` if the training of a checkpoint shall be swept that can neither be trained further nor
    be solved in closed form. works: what of checkpoints is swept."""
    found = lineages_of(study) if "training" in works else {}
    for name in swept_lineages(study) if found else []:
        model = study.models[found[name].model]
        methods = [
            (one.step, plugins.load("method", one.plugin), one.settings)
            for one in found[name].ancestry()
            if one.kind == "method"
        ]
        offers, taken = offers_after(model, methods)
        solved = not plugins.load("family", model.form).samplings
        if TRAINED_FURTHER not in offers and not solved:
            by = taken.get(TRAINED_FURTHER)
            why = f"after {by!r} a network" if by else f"the family {model.form}"
            raise ValueError(
                f"clocks.works has training, but a chain sweeps {name!r}, and {why} cannot be trained further; "
                "expected [inference], or another last step before the sweep"
            )


def _follow(study: Steps, found: dict[str, Lineage], model: str, steps: list[str], where: str) -> None:
    """Add the lineages that the steps make, one after another, from the model."""
    if model not in study.models:
        raise ValueError(f"{where}: {model!r} is not a model{_near(model, study.models)}")
    at = found[model]
    # The block of the network that the steps work on, and the settings of the steps since.
    block, earlier = study.models[model], list[Any]()
    recipe = study.recipe_of(model)
    offers = _offers(block, where)
    # The step that took each offer away.
    taken: dict[str, str] = {}
    for number, name in enumerate(steps):
        if name in steps[:number]:
            raise ValueError(
                f"{where}: the step {name!r} is repeated: expected each step once; a second "
                "pass needs a strategy or variant of another name"
            )
        child = _child(study, at, name, where)
        plugin = plugins.load("strategy" if child.kind == "strategy" else "method", child.plugin)
        with _asking(child, where):
            lacking = sorted(frozenset(plugin.asks) - offers)
        if lacking:
            raise ValueError(f"{where}: {_impossible(name, lacking, taken, block)}")
        earlier.append(child.settings)
        trains = child.kind == "strategy" or plugin.learns or child.settings.fine_tune_steps
        if trains and getattr(plugin, "changes_gradients", False):
            with _asking(child, where):
                refuse_freed(recipe, name)
        if child.kind == "method":
            with _asking(child, where):
                plugin.check(child.settings, block, earlier[:-1])
                _refuse_undoing(child, plugin)
                plugin.check_sizes(child.settings, block, earlier[:-1], study.data.windows, recipe)
                if (most := most_steps(recipe, *_panel_size(study))) is not None:
                    plugin.check_steps(child.settings, most)
                recipe = plugin.recipe_after(child.settings, recipe)
                made = plugin.becomes(child.settings)
                if made is not None:
                    refuse_misfits(recipe, made, study.data.windows, study.device)
            kept = offers & frozenset(plugin.keeps) if made is None else _offers(made, where)
            if child.settings.fine_tune_steps and TRAINED_FURTHER not in kept:
                raise ValueError(
                    f"{where}: {name!r} has {child.settings.fine_tune_steps} fine_tune_steps, but what it makes of "
                    f"{at.text!r} cannot be trained further; expected 0"
                )
            taken |= dict.fromkeys(offers - kept, name)
            offers = kept
            if made is not None:
                block, earlier = made, []
        at = found.setdefault(child.text, child)


def _panel_size(study: Steps) -> tuple[int | None, int | None]:
    """Nodes and steps, of a source whose settings say them."""
    nodes, hours = (getattr(study.data.source, key, None) for key in ("nodes", "hours"))
    if not isinstance(nodes, int) or not isinstance(hours, int):
        return None, None
    return nodes, hours * study.data.windows.steps_per_hour


def _refuse_undoing(child: Lineage, method: Any) -> None:
    """Raises :class:`ValueError` if the method trains from first weights again after steps that this would undo."""
    steps = child.ancestry()[1:-1]
    undone = [one.step for one in steps if one.kind == "strategy" or one.plugin not in method.restarts_after]
    if method.restarts and undone:
        lost = " and ".join(map(repr, undone))
        kept = (
            f", or after {' or '.join(sorted(method.restarts_after))} alone" if method.restarts_after else ""
        )
        raise ValueError(
            f"it trains the base model again from its first weights, which would undo {lost}; expected it as the "
            f"first step after the training{kept}"
        )


def _offers(model: ModelBlock, where: str) -> frozenset[str]:
    """What the networks of a model offer to the steps after it; a defect of its family becomes one sentence."""
    family = plugins.load("family", model.form)
    try:
        return frozenset(family.offers(model))
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"{where}: the model family {model.form!r} fails when it is asked what its networks offer "
            f"({type(error).__name__}: {one_line(error)}): correct the plug-in"
        ) from error


@contextmanager
def _asking(child: Lineage, where: str) -> Iterator[None]:
    """A plug-in's refusal, or its own defect, becomes one sentence that names the step."""
    try:
        yield
    except ValueError as error:
        parent = child.parent.text if child.parent else child.model
        raise ValueError(f"{where}: {child.step!r} cannot be made of {parent!r}: {one_line(error)}") from None
    except (Exception, SystemExit) as error:
        raise ValueError(
            f"{where}: the plug-in {child.plugin!r} of the step {child.step!r} fails when it is asked whether it can "
            f"follow ({type(error).__name__}: {one_line(error)}): correct the plug-in"
        ) from error


def _impossible(name: str, lacking: list[str], taken: dict[str, str], model: ModelBlock) -> str:
    """Why a step cannot follow: the step before it that took away what it needs, or the family that never had it."""
    never = [offer for offer in lacking if offer not in taken]
    if never:
        lacks = " and ".join(_lacks(offer) for offer in never)
        family = f"{model.form}{_by_settings(model, never)}"
        return f"the family {family} {lacks}, which {name!r} needs: choose another model or step"
    before = taken[lacking[0]]
    lacks = " and ".join(_lacks(offer) for offer in lacking if taken[offer] == before)
    return f"after {before!r} a network {lacks}: put {name!r} before it"


def _by_settings(model: ModelBlock, lacking: list[str]) -> str:
    """For sentences: that it is the model's settings, such as several recurrent layers, that take these offers away."""
    family = plugins.load("family", model.form)
    # A plug-in of the study's own may have settings without defaults.
    with suppress(Exception):
        if frozenset(lacking) <= frozenset(family.offers(type(model)(form=model.form, recipe=model.recipe))):
            return ", with this model's settings,"
    return ""


def _lacks(offer: str) -> str:
    """In the offer's own words; a study's own plug-in may ask for a plain text."""
    return str(getattr(offer, "lacks", f"does not offer {offer}"))


def _child(study: Steps, parent: Lineage, name: str, where: str) -> Lineage:
    text = f"{parent.text}{LINEAGE_JOINT}{name}"
    if name == SWEEP:
        raise ValueError(
            f"{where}: {SWEEP} makes no checkpoint: expected it only as the last step of a chain"
        )
    if name in study.adaptation.strategies:
        strategy = study.adaptation.strategies[name]
        return Lineage(text, parent.model, parent, name, "strategy", strategy.kind, strategy)
    if name in study.compression.variants:
        variant = study.compression.variants[name]
        return Lineage(text, parent.model, parent, name, "method", variant.method, variant)
    known = [*study.adaptation.strategies, *study.compression.variants]
    raise ValueError(
        f"{where}: {name!r} is neither one of adaptation.strategies nor of compression.variants"
        f"{_near(name, [*known, SWEEP])}"
    )


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    near = difflib.get_close_matches(name, names, n=1)
    return f"; did you mean {near[0]!r}?" if near else f"; expected one of {', '.join(names) or 'none'}"
