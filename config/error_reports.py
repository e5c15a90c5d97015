"""What Django's error page (DEBUG only) shows: types, places and source lines, nothing else.

Any variable may hold a revealed token, a path a connect link, a query a code, a message what a
parser could not read.
"""

from __future__ import annotations

from typing import Any, Final

from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from config.tracebacks import describe

# Of what the page's template knows; request, cookies, settings and messages are not among it.
_SHOWN: Final = (
    "django_version_info",
    "exception_type",
    "is_email",
    "raising_view_name",
    "server_time",
    "sys_executable",
    "sys_path",
    "sys_version_info",
)
_SHOWN_OF_FRAME: Final = (
    "colno",
    "context_line",
    "exc_cause_explicit",
    "filename",
    "function",
    "id",
    "lineno",
    "post_context",
    "pre_context",
    "pre_context_lineno",
    "tb_area_colno",
    "type",
)


class NoVariables(SafeExceptionReporterFilter):
    """Keeps every local variable out of error reports."""

    def get_traceback_frame_variables(self, request: Any, tb_frame: Any) -> Any:
        """Return nothing, whatever the setting DEBUG says."""
        return {}.items()


class TypesAndPlaces(ExceptionReporter):
    """The error page of Django, by an allow-list."""

    def get_traceback_data(self) -> dict[str, Any]:
        """Return what the page shows."""
        data = super().get_traceback_data()
        frames = [_frame(frame) for frame in data["frames"]]
        shown = {name: data[name] for name in _SHOWN if name in data}
        return shown | {
            "exception_value": describe(self.exc_value) if self.exc_value else "",
            "frames": frames,
            "lastframe": frames[-1] if frames else None,
        }


def _frame(frame: dict[str, Any]) -> dict[str, Any]:
    cause = frame.get("exc_cause")
    shown = {name: frame[name] for name in _SHOWN_OF_FRAME if name in frame}
    has_place = frame.get("tb") is not None
    return shown | {"exc_cause": describe(cause) if cause else None, "tb": has_place}
