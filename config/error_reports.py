"""What an error page or report may show of the program's state: none of its variables."""

from __future__ import annotations

from typing import Any

from django.views.debug import SafeExceptionReporterFilter


class NoVariables(SafeExceptionReporterFilter):
    """Keeps every local variable out of error reports: any of them may hold a revealed token."""

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> list[tuple[str, Any]]:
        """Return nothing, whatever the setting DEBUG says."""
        return []
