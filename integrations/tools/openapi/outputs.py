"""Where the list stands in an operation's answer."""

from __future__ import annotations

from itertools import islice
from typing import Any

from integrations.tools.openapi.limits import MOST_ENTRIES, Budget
from integrations.tools.openapi.references import BadReference, follow
from integrations.tools.pointers import escaped

MOST_FIELDS = 100


def items_of(document: dict[str, Any], operation: dict[str, Any], budget: Budget) -> str | None:
    """Return the pointer to the one list in a good answer; None where there is none, or several."""
    try:
        schema = _schema(document, operation)
        if not isinstance(schema, dict):
            return None
        if _is_list(schema):
            return ""
        fields = schema.get("properties")
        if not isinstance(fields, dict) or len(fields) > MOST_FIELDS:
            return None
        budget.spend(len(fields))
        lists = [name for name, node in fields.items() if _is_list(follow(document, node)[0])]
    except BadReference:
        return None
    return f"/{escaped(str(lists[0]))}" if len(lists) == 1 and len(str(lists[0])) < 200 else None


def _schema(document: dict[str, Any], operation: dict[str, Any]) -> Any:
    responses = operation.get("responses")
    if not isinstance(responses, dict) or len(responses) > MOST_ENTRIES:
        return None
    by_status = {str(status): node for status, node in responses.items()}
    node = next((by_status[s] for s in ("200", "201", "2XX", "default") if s in by_status), None)
    response, _ = follow(document, node)
    content = response.get("content") if isinstance(response, dict) else None
    if not isinstance(content, dict):
        return None
    kinds = islice(content, MOST_ENTRIES)
    media = next((content[kind] for kind in kinds if "json" in str(kind)), None)
    return follow(document, media.get("schema"))[0] if isinstance(media, dict) else None


def _is_list(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "array"
