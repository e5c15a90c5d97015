"""Only `connections.lifecycle` changes the status of a connected account."""

from __future__ import annotations

import ast
import re

import pytest

from tests.contracts.source import ROOT, Module, modules, parse

LIFECYCLE = "connections/lifecycle.py"
WRITING_CALLS = {"update", "create", "update_or_create", "get_or_create", "ConnectedAccount"}
# A delivery has a status too, and an outgoing call's error the HTTP status of the answer.
OTHER_STATUSES = {
    "integrations/outbound/errors.py:self.status =",
    "integrations/outbound/transport.py:failure.status =",
    "webhooks/claim.py:update(status=)",
    "webhooks/endpoints.py:update(status=)",
    "webhooks/outcome.py:delivery.status =",
    "webhooks/outcome.py:update(status=)",
}
# Dicts with a status that are no columns: what the API, an event or a page says.
DESCRIPTIONS = {
    "connections/admin/bulk_starting.py",  # names of filters
    "connections/admin/account_page.py",  # a tab of the timeline
    "connections/admin/facets.py",  # the query of a list
    "connections/api/accounts.py",  # a filter
    "connections/bulk/selecting.py",  # filters
    "connections/connect/pages.py",  # the query of a callback URL
    "connections/notices.py",  # an event's data
    "connections/operations/linking.py",  # an error's details
}


def writes(module: Module) -> set[str]:
    """Return every place that could write a column named ``status``."""
    found = set()
    for node in module.walk():
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            flat = [inner for target in targets for inner in ast.walk(target)]
            found |= {
                f"{module.path}:{ast.unparse(target)} ="
                for target in flat
                if isinstance(target, ast.Attribute) and target.attr == "status"
            }
        elif isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            if name in WRITING_CALLS and any(word.arg == "status" for word in node.keywords):
                found.add(f"{module.path}:{name}(status=)")
            if name in {"setattr", "bulk_update"} and "'status'" in ast.unparse(node):
                found.add(f"{module.path}:{name}")
    return found


def dicts_with_status(module: Module) -> bool:
    """Whether a dict with a key ``status`` is written out, which `update(**fields)` could take."""
    for node in module.walk():
        keys: list[ast.expr | None] = []
        if isinstance(node, ast.Dict):
            keys = list(node.keys)
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            keys = [node.slice]
        if any(isinstance(key, ast.Constant) and key.value == "status" for key in keys):
            return True
    return False


def test_nobody_else_writes_a_status() -> None:
    found = {place for module in modules() if module.path != LIFECYCLE for place in writes(module)}
    assert found == OTHER_STATUSES


def test_nobody_else_puts_a_status_among_columns() -> None:
    inside = [m for m in modules() if m.path.startswith("connections/") and m.path != LIFECYCLE]
    found = {module.path for module in inside if dicts_with_status(module)}
    assert found == DESCRIPTIONS


# Who runs statements of its own: locks, the counter of events, the server's start time, the look-up
# of an API key, pruning, keys, and `statements` for those of refreshing and probing.
SQL = {
    "connections/grants.py",
    "connections/refresh/preparing.py",
    "integrations/database/base.py",
    "integrations/models/audit_entry.py",
    "integrations/pruning.py",
    "integrations/secrets/processes.py",
    "integrations/secrets/resealing.py",
    "integrations/statements.py",
    "webhooks/recording.py",
}


STATEMENTS = {
    "connections/refresh/queries.py",
    "connections/probing/queries.py",
    "connections/tallies/folding.py",
    "integrations/models/api_key.py",
}
CURSORS = {"cursor", "Cursor", "preparing_cursor", "raw", "extra", "RawSQL"}


def test_few_write_past_the_orm() -> None:
    using = {
        module.path
        for module in modules()
        for node in module.walk()
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in CURSORS
        if not module.path.startswith("config/")
    }
    assert using == SQL


def test_no_statement_of_our_own_writes_a_status() -> None:
    for path in {*SQL, *STATEMENTS}:
        text = (ROOT / path).read_text()
        assert not re.search(r"\bset\b[^;\"]*[\s,]status\s*=", text, re.IGNORECASE), path


@pytest.mark.parametrize(
    "breach",
    [
        "account.status = Status.ACTIVE",
        "account.status, other = 1, 2",
        "account.status: str = 'ACTIVE'",
        "rows.filter(pk=1).update(status='ACTIVE')",
        "ConnectedAccount(status='ACTIVE')",
        "ConnectedAccount.objects.create(status='ACTIVE')",
        "setattr(account, 'status', 'ACTIVE')",
        "rows.bulk_update(accounts, ['status'])",
    ],
)
def test_the_contract_would_find_a_breach(breach: str) -> None:
    assert writes(parse(breach))


@pytest.mark.parametrize("breach", ["{'status': 1}", "fields['status'] = 1"])
def test_the_contract_would_find_a_hidden_breach(breach: str) -> None:
    assert dicts_with_status(parse(breach))
