"""Which operations of a document are wanted."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from integrations.tools.openapi.limits import LONGEST_PATH, MOST_ENTRIES


@dataclass(frozen=True, kw_only=True)
class Filters:
    """Of each kind any one has to fit; a kind that is empty lets everything through.

    Attributes:
        tags: as the document has them.
        paths: with ``*`` and ``?``: ``/repos/*/issues*``.
        methods: in any case.
        operations: operationIds, with ``*`` and ``?``.
    """

    tags: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()

    def want(self, *, method: str, path: str, operation: dict[str, Any]) -> bool:
        """Whether an operation is wanted."""
        tags = operation.get("tags")
        names = {str(tag) for tag in tags[:MOST_ENTRIES]} if isinstance(tags, list) else set()
        operation_id = str(operation.get("operationId", ""))[:LONGEST_PATH]
        return (
            (not self.tags or bool(names & set(self.tags)))
            and (not self.paths or any(fnmatchcase(path, glob) for glob in self.paths))
            and (not self.methods or method.lower() in {m.lower() for m in self.methods})
            and (
                not self.operations
                or any(fnmatchcase(operation_id, glob) for glob in self.operations)
            )
        )
