"""The product's source as syntax trees, for contracts that no linter knows."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
APPS = ("config", "connections", "webhooks", "integrations")


@dataclass(frozen=True)
class Module:
    """One file: its path from the repository's root, and its tree."""

    path: str
    tree: ast.Module

    def walk(self) -> Iterator[ast.AST]:
        """Yield every node."""
        return ast.walk(self.tree)

    def functions(self) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
        """Yield every function with its name, a method's after its class's."""
        for node in self.walk():
            for child in ast.iter_child_nodes(node):
                if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                    owner = f"{node.name}." if isinstance(node, ast.ClassDef) else ""
                    yield f"{owner}{child.name}", child

    def imports(self) -> Iterator[str]:
        """Yield the dotted name of everything that is imported, also inside functions."""
        for node in self.walk():
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def modules() -> tuple[Module, ...]:
    """Return every module of the product: without tests, migrations and the sandbox provider."""
    found = []
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if "/migrations/" not in name and not name.startswith("integrations/sandbox/"):
                found.append(Module(name, ast.parse(path.read_text(), name)))
    assert len(found) > 100
    return tuple(found)


def parse(text: str, path: str = "connections/example.py") -> Module:
    """Return a module made of ``text``, to show that a contract would find a breach."""
    return Module(path, ast.parse(text))
