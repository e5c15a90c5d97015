"""The catalog: third-party services as data, one YAML file each in ``toolkits/``.

``toolkit`` is the whole of a file, ``answers`` the rules that say what an answer means,
``identity`` the call that tells whose account it is, ``lifecycle`` how grants end and how hard a
provider may be called, ``paths`` how a file points into an answer. docs/reference/toolkit-files.md
explains them all.
"""

from integrations.catalog.answers import (
    GENERIC_CONFIGURATION,
    GENERIC_GONE,
    GENERIC_TERMINAL,
    AnswerShape,
    ConfigurationRule,
    Rule,
    TerminalRule,
    first_fitting,
    is_outage,
)
from integrations.catalog.application import BEARER, Application, Applied
from integrations.catalog.connection_parameters import (
    ConnectionParameter,
    is_same_place,
    place_of,
)
from integrations.catalog.identity import Identity
from integrations.catalog.keys import KeyField, KeyForm
from integrations.catalog.lifecycle import Calls, Probe, RefreshTokenLife
from integrations.catalog.loader import (
    UnknownToolkit,
    UnusableDescription,
    all_toolkits,
    get_toolkit,
    read_toolkit,
    slugs,
)
from integrations.catalog.paths import as_text, is_scalar, texts_at, value_at
from integrations.catalog.redirects import RedirectSignature
from integrations.catalog.revocation import Revocation
from integrations.catalog.templates import fill, fill_all, fill_url, placeholders_in
from integrations.catalog.token_trades import TokenTrade
from integrations.catalog.toolkit import Toolkit

__all__ = [
    "BEARER",
    "GENERIC_CONFIGURATION",
    "GENERIC_GONE",
    "GENERIC_TERMINAL",
    "AnswerShape",
    "Application",
    "Applied",
    "Calls",
    "ConfigurationRule",
    "ConnectionParameter",
    "Identity",
    "KeyField",
    "KeyForm",
    "Probe",
    "RedirectSignature",
    "RefreshTokenLife",
    "Revocation",
    "Rule",
    "TerminalRule",
    "TokenTrade",
    "Toolkit",
    "UnknownToolkit",
    "UnusableDescription",
    "all_toolkits",
    "as_text",
    "fill",
    "fill_all",
    "fill_url",
    "first_fitting",
    "get_toolkit",
    "is_outage",
    "is_same_place",
    "is_scalar",
    "place_of",
    "placeholders_in",
    "read_toolkit",
    "slugs",
    "texts_at",
    "value_at",
]
