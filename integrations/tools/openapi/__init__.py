"""Turns an OpenAPI document (3.0, 3.1) of somebody else into tools.

``reading`` reads the file, ``converting`` makes tools of it, ``report`` tells what was left out.
The document is not trusted: nothing it names is fetched, its patterns are run only where they end
soon, and sizes, depths and the whole work are limited (`limits`).
"""

from integrations.tools.openapi.converting import Conversion, Options, convert
from integrations.tools.openapi.limits import DocumentRefused
from integrations.tools.openapi.reading import read_document
from integrations.tools.openapi.report import Report
from integrations.tools.openapi.selecting import Filters

__all__ = [
    "Conversion",
    "DocumentRefused",
    "Filters",
    "Options",
    "Report",
    "convert",
    "read_document",
]
