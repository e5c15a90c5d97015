"""What is wrong with the catalog's files: every fault, with the file, the field and the reason."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml
from pydantic import ValidationError

from integrations.catalog import loader
from integrations.catalog.allauth_adapters import UnknownAdapter
from integrations.catalog.complaints import complaints
from integrations.catalog.patterns import delimiters_let_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from integrations.catalog.toolkit import Toolkit


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong. Its text is a line for a person."""

    file: str
    field: str
    what: str

    def __str__(self) -> str:
        return ": ".join(part for part in (self.file, self.field, self.what) if part)


@dataclass(frozen=True)
class Inspection:
    """What was found: the toolkits that could be read, and the faults of all files."""

    toolkits: tuple[Toolkit, ...]
    faults: tuple[Fault, ...]


def inspect_files(files: Iterable[Path] = ()) -> Inspection:
    """Read ``files``, or the whole catalog where none is given, and what they start from."""
    bases = sorted(loader.BASES.glob("*.yaml"))
    faults = [fault for base in bases for fault in _faults_of_text(base)]
    toolkits = []
    for file in list(files) or _catalog():
        own = list(_faults_of_text(file))
        toolkit = None if own else _read(file, own)
        if toolkit:
            toolkits.append(toolkit)
            own += _faults_of_patterns(file, toolkit)
        faults += own
    return Inspection(tuple(toolkits), tuple(faults))


def _catalog() -> list[Path]:
    return sorted(path for path in loader.FOLDER.iterdir() if path.suffix in {".yaml", ".yml"})


def _read(file: Path, faults: list[Fault]) -> Toolkit | None:
    """Return the toolkit, or None after adding to ``faults`` what is in the way."""
    try:
        # The catalog's own stay in the cache: what a start has checked it need not read again.
        if file.parent == loader.FOLDER:
            return loader.get_toolkit(file.stem)
        return loader.read_toolkit(file)
    except ValidationError as error:
        faults += [Fault(file.name, field, what) for field, what in complaints(error)]
    except UnknownAdapter as error:
        faults.append(Fault(file.name, "allauth", str(error)))
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name
        faults.append(Fault(file.name, "extends", f"there is no bases/{missing}"))
    except RecursionError:
        faults.append(Fault(file.name, "extends", "it leads back to where it began"))
    except (yaml.YAMLError, AttributeError, ValueError):
        faults.append(_own_or_of_base(file))
    return None


def _own_or_of_base(file: Path) -> Fault:
    """Return why no values could be made of a file's text, or of that of its base."""
    try:
        loader.parse(file)
    except yaml.MarkedYAMLError as error:
        return Fault(file.name, "", _explained(error))
    except ValueError as error:
        return Fault(file.name, "", str(error))
    return Fault(file.name, "extends", "that file has a fault of its own")


def _faults_of_text(file: Path) -> Iterator[Fault]:
    """Yield what makes a file no mapping of different keys, whatever its keys mean."""
    name = f"bases/{file.name}" if file.parent == loader.BASES else file.name
    if file.suffix != ".yaml":
        yield Fault(name, "", "is not read: a toolkit's file ends in .yaml")
        return
    try:
        root = loader.compose(file)
    except yaml.MarkedYAMLError as error:
        yield Fault(name, "", _explained(error))
    except (yaml.YAMLError, UnicodeDecodeError):
        yield Fault(name, "", "holds characters that no YAML file may hold, or is not UTF-8")
    except OSError as error:
        yield Fault(name, "", f"cannot be read: {error.strerror}")
    else:
        if isinstance(root, yaml.MappingNode):
            yield from _faults_of_keys(name, root)
        else:
            yield Fault(name, "", "is not a mapping of fields to values")


def _explained(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return f"is not YAML: {place}{error.problem}"


def _faults_of_keys(name: str, node: yaml.Node, path: str = "") -> Iterator[Fault]:
    """Yield keys that are there twice: YAML's readers keep the last one and say nothing."""
    if isinstance(node, yaml.SequenceNode):
        for place, item in enumerate(node.value):
            yield from _faults_of_keys(name, item, f"{path}{place}.")
    if not isinstance(node, yaml.MappingNode):
        return
    seen = set()
    for key, value in node.value:
        if key.value in seen:
            line = key.start_mark.line + 1
            yield Fault(name, f"{path}{key.value}", f"is there twice, again in line {line}")
        seen.add(str(key.value))
        yield from _faults_of_keys(name, value, f"{path}{key.value}.")


def _faults_of_patterns(file: Path, toolkit: Toolkit) -> Iterator[Fault]:
    for name, parameter in toolkit.connection_parameters.items():
        if signs := delimiters_let_in(parameter.pattern):
            yield Fault(
                file.name,
                f"connection_parameters.{name}.pattern",
                f"lets {' '.join(signs)} into a URL, which could lead to another host",
            )
        if parameter.default is not None and not parameter.fits(parameter.default):
            yield Fault(
                file.name,
                f"connection_parameters.{name}.default",
                "does not fit the pattern",
            )
