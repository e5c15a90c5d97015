"""The catalog: third-party services as data, one YAML file each in ``toolkits/``.

``toolkit`` is the whole of a file, ``answers`` the rules that say what an answer means,
``identity`` the call that tells whose account it is, ``lifecycle`` how grants end and how hard a
provider may be called, ``paths`` how a file points into an answer. docs/reference/toolkits.md
explains them all.
"""

from integrations.catalog.answers import (
    GENERIC_CONFIGURATION,
    GENERIC_TERMINAL,
    AnswerShape,
    Rule,
    TerminalRule,
    first_fitting,
    is_outage,
)
from integrations.catalog.identity import Identity
from integrations.catalog.lifecycle import Calls, Probe, RefreshTokenLife
from integrations.catalog.loader import UnknownToolkit, all_toolkits, get_toolkit, read_toolkit
from integrations.catalog.paths import texts_at, value_at
from integrations.catalog.toolkit import Toolkit

__all__ = [
    "GENERIC_CONFIGURATION",
    "GENERIC_TERMINAL",
    "AnswerShape",
    "Calls",
    "Identity",
    "Probe",
    "RefreshTokenLife",
    "Rule",
    "TerminalRule",
    "Toolkit",
    "UnknownToolkit",
    "all_toolkits",
    "first_fitting",
    "get_toolkit",
    "is_outage",
    "read_toolkit",
    "texts_at",
    "value_at",
]
