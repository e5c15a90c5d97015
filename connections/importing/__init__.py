"""Takes over grants that another system obtained: from a file, or from django-allauth's tables.

``rows`` says what a row is; ``files`` (``csv_rows``, ``json_rows``, ``lines``) and ``allauth``
read them; ``checking`` (``values``, ``credentials``) checks one; ``judging`` finds what is there
already; ``storing`` (``planning``) stores one; ``report`` tells; ``running`` goes row by row.
"""

from connections.importing.allauth import Allauth
from connections.importing.checking import Checks
from connections.importing.files import FORMATS, open_file
from connections.importing.report import Report, Tally
from connections.importing.rows import Source, SourceRefused
from connections.importing.running import import_accounts

__all__ = [
    "FORMATS",
    "Allauth",
    "Checks",
    "Report",
    "Source",
    "SourceRefused",
    "Tally",
    "import_accounts",
    "open_file",
]
