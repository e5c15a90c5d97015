"""Regular expressions in a description: somebody else's, so only those are run that end soon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from integrations.catalog.patterns import delimiters_let_in
from integrations.tools.patterns import is_harmless

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from integrations.catalog import Identity, Rule, Toolkit

# All of them may be run for one answer.
MOST_SEARCHED: Final = 40
_SLOW: Final = (
    "may take too long: at most 500 characters, few repeats, none within another, no look-around "
    "and no reference back"
)


def problems_of_patterns(toolkit: Toolkit) -> Iterator[tuple[str, str]]:
    """Yield the path of each expression that may not be run, with what is wrong about it."""
    for path, pattern in _matched_whole(toolkit):
        if not _may_be_run(pattern):
            yield path, _SLOW
        elif _is_of_a_host(path) and (signs := delimiters_let_in(pattern)):
            yield path, f"lets {' '.join(signs)} into a URL, which could lead to another host"
    for name, parameter in toolkit.connection_parameters.items():
        runs = parameter.default is not None and _may_be_run(parameter.pattern)
        if runs and not parameter.fits(parameter.default or ""):
            yield f"connection_parameters.{name}.default", "does not fit the pattern"
    searched = list(_searched(toolkit))
    if len(searched) > MOST_SEARCHED:
        yield "", f"has more than {MOST_SEARCHED} rules with a description"
    for path, pattern in searched:
        if not is_harmless(pattern):
            yield path, _SLOW


def _may_be_run(pattern: str) -> bool:
    # The whole value has to fit, so that matching begins in one place only.
    return is_harmless(f"^(?:{pattern})")


def _is_of_a_host(path: str) -> bool:
    return path.startswith("connection_parameters.")


def _matched_whole(toolkit: Toolkit) -> Iterator[tuple[str, str]]:
    for name, parameter in toolkit.connection_parameters.items():
        yield f"connection_parameters.{name}.pattern", parameter.pattern
    for number, form in enumerate(toolkit.keys):
        for place, field in enumerate(form.fields):
            yield f"keys.{number}.fields.{place}.pattern", field.pattern


def _searched(toolkit: Toolkit) -> Iterator[tuple[str, str]]:
    for name in ("transient", "configuration", "terminal"):
        yield from _of_rules(name, getattr(toolkit, name))
    yield from _of_identity("identity", toolkit.identity)
    for number, form in enumerate(toolkit.keys):
        yield from _of_identity(f"keys.{number}.identity", form.identity)


def _of_identity(path: str, identity: Identity | None) -> Iterator[tuple[str, str]]:
    if identity is not None:
        for name in ("alive", "dead", "not_dead"):
            yield from _of_rules(f"{path}.{name}", getattr(identity, name))


def _of_rules(path: str, rules: Iterable[Rule]) -> Iterator[tuple[str, str]]:
    for number, rule in enumerate(rules):
        if rule.description is not None:
            yield f"{path}.{number}.description", rule.description
