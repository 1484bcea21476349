"""Refuses a YAML file with a repeated key: YAML loaders silently take the last one."""

from pathlib import Path

import yaml

from wattshed.foundation.faults import Fault, one_line


def refuse_repeated_keys(path: Path | str) -> None:
    """Raise :class:`Fault` with file, key and both lines if a mapping of the YAML or JSON file holds a key twice."""
    with Path(path).open("rb") as file:
        try:
            root = yaml.compose(file, Loader=yaml.SafeLoader)
        except yaml.YAMLError as error:
            raise Fault(
                f"{path} cannot be read as YAML ({one_line(error)}): correct it and run again."
            ) from error
    waiting: list[tuple[str, yaml.Node]] = [] if root is None else [("", root)]
    seen_nodes: set[int] = set()
    while waiting:
        place, node = waiting.pop()
        # An anchor may be used in many places, even inside itself.
        if id(node) in seen_nodes:
            continue
        seen_nodes.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(f"{place}{number}.", part) for number, part in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            lines: dict[str, int] = {}
            for key, value in node.value:
                name = str(key.value)
                line = key.start_mark.line + 1
                if name in lines and name != "<<":
                    raise Fault(
                        f"{path}: the key {place}{name} occurs twice, in line {lines[name]} and in line "
                        f"{line}; expected once: remove or rename one of them."
                    )
                lines[name] = line
                waiting.append((f"{place}{name}.", value))
