"""Three doors: the job runner's, the network's, and the one between projects."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps

from integrations import outbound
from integrations.models import ProjectScopedModel
from tests.contracts.source import Module, modules, parse

# --- The job runner ------------------------------------------------------------------------------


def imports_of(package: str, module: Module) -> bool:
    return any(name == package or name.startswith(f"{package}.") for name in module.imports())


def test_only_tasks_import_the_job_runner() -> None:
    importing = {module.path for module in modules() if imports_of("django_q", module)}
    tasks = {path for path in importing if path.rpartition("/")[2] == "tasks.py"}
    # The rows of the schedules are the job runner's own model, and the command is its own too.
    own = {"config/schedules.py", "config/management/commands/qcluster.py"}
    assert importing - tasks == own
    assert {"connections/tasks.py", "webhooks/tasks.py"} <= tasks


# --- The network ---------------------------------------------------------------------------------

SENDERS = (
    "aiohttp",
    "asyncio.open_connection",
    "authlib.integrations",
    "ftplib",
    "http.client",
    "httpx",
    "requests",
    "smtplib",
    "socket.create_connection",
    "socket.socket",
    "urllib.request",
    "urllib3",
    "websockets",
)
DOOR = "integrations/outbound/"
# Development, on this machine: `make run` looks for free ports and waits for its processes.
STARTING = {"config/run/preflight.py", "config/run/readiness.py"}
# Mails, by Django's mail framework: the operator names the one server, and its errors are read.
MAILING = {"connections/noticing/sending.py"}


def sends(module: Module) -> bool:
    named = {ast.unparse(node) for node in module.walk() if isinstance(node, ast.Attribute)}
    return any(imports_of(sender, module) or sender in named for sender in SENDERS)


def test_every_outgoing_call_goes_through_the_door() -> None:
    sending = {module.path for module in modules() if sends(module)}
    assert {path for path in sending if not path.startswith(DOOR)} == STARTING | MAILING
    assert f"{DOOR}connecting.py" in sending


def test_nobody_reaches_past_the_doors_front() -> None:
    inside = [name.removeprefix("integrations.outbound.") for name in _public()]
    for module in modules():
        if not module.path.startswith(DOOR):
            reached = [
                name for name in module.imports() if name.startswith("integrations.outbound.")
            ]
            assert all(name.removeprefix("integrations.outbound.") in inside for name in reached)


def _public() -> list[str]:
    return list(outbound.__all__)


@pytest.mark.parametrize(
    "breach",
    [
        "import requests",
        "from urllib.request import urlopen",
        "import urllib.request",
        "from http import client",
        "import socket\nsocket.create_connection(('x', 1))",
        "def f():\n    import httpx",
        "from authlib.integrations.requests_client import OAuth2Session",
    ],
)
def test_the_network_contract_would_find_a_breach(breach: str) -> None:
    assert sends(parse(breach))


# --- Projects ------------------------------------------------------------------------------------

SCOPED = {model.__name__ for model in apps.get_models() if issubclass(model, ProjectScopedModel)}
# Rows that are found through a row of the caller's project.
THROUGH_OWN_ROWS = {"webhooks/api/events.py redeliver_event Delivery"}


def unscoped(module: Module) -> Iterator[str]:
    """Yield the look-ups of scoped rows that neither `in_project` nor `get_or_404` narrows."""
    for name, function in module.functions():
        text = ast.unparse(function)
        for node in ast.walk(function):
            if not (isinstance(node, ast.Attribute) and node.attr == "objects"):
                continue
            model = ast.unparse(node.value)
            narrowed = f"{model}.objects" in text and _narrows(function, model)
            if model in SCOPED and not narrowed:
                yield f"{module.path} {name} {model}"


def _narrows(function: ast.AST, model: str) -> bool:
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        if called.endswith(".in_project") and called.startswith(f"{model}.objects"):
            return True
        if called == "get_or_404":
            rows = ast.unparse(node.args[1])
            if rows.startswith((f"{model}.objects", "rows")):
                return True
    return False


def test_the_api_looks_up_rows_of_the_callers_project_only() -> None:
    routes = [module for module in modules() if "/api/" in module.path]
    found = {place for module in routes for place in unscoped(module)}
    assert found == THROUGH_OWN_ROWS
    assert len(routes) > 8


def test_every_model_of_ours_belongs_to_a_project_or_says_why_not() -> None:
    apps_of_ours = ("integrations", "webhooks", "connections")
    models = [model for label in apps_of_ours for model in apps.get_app_config(label).get_models()]
    free = {model.__name__ for model in models if model.__name__ not in SCOPED}
    # The tenant itself, the keys that seal for all of them, what refreshes for all of them, the
    # apps that the instance lends to all of them, what staff did, in a project or in none,
    # and what they did with accounts of several (their items are scoped).
    shared = {
        "KeyCanary",
        "Breaker",
        "Worker",
        "JournalFolder",
        "ManagedApp",
        "AuditEntry",
        "BulkJob",
        # What staff of the instance prove themselves with.
        "FactorSecret",
    }
    assert free == {"Project"} | shared


@pytest.mark.parametrize("model", sorted(SCOPED))
def test_every_scoped_model_can_be_narrowed(model: str) -> None:
    [found] = [m for m in apps.get_models() if m.__name__ == model]
    manager: Any = found._default_manager
    assert callable(manager.in_project)
    assert callable(manager.visible_to)


@pytest.mark.parametrize(
    "breach",
    [
        "def f(request):\n    return Endpoint.objects.get(pk=1)",
        "def f(request):\n    return list(Event.objects.all())",
        (
            "def f(request):\n    get_or_404(request, Event.objects.all(), 1)\n"
            "    return Endpoint.objects.filter(pk=1)"
        ),
    ],
)
def test_the_project_contract_would_find_a_breach(breach: str) -> None:
    assert list(unscoped(parse(breach, "webhooks/api/example.py")))
