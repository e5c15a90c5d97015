"""Cuts out of any text what Evergrant itself issued and a text may quote."""

import re

from integrations.secrets.secret import MASK

# The path of a connect link, a portal link, a mail's link or one to a new password (Django logs the
# paths of requests that fail), an API key, a webhook secret; and the query of a callback, which
# holds the code.
_ISSUED = re.compile(
    r"(?P<kept>/connect/(?:(?:portal|notices)/)?(?=[\w-]{16})|\beg_(?=[\w-]{16})|\bwhsec_)[\w+/=-]+"
    r"|(?P<link>/password/reset/key/)(?!done/)[^\s\"'?#]+"
    r"|(?P<path>/connect/callback/\w+|/sso/callback/)\?[^\s\"']+"
)


def mask(text: str) -> str:
    """Return ``text`` with what follows the telling beginnings replaced by ``***``."""
    return _ISSUED.sub(_cut_out, text)


def _cut_out(found: re.Match[str]) -> str:
    path = found["path"]
    return f"{path}?{MASK}" if path else f"{found['kept'] or found['link']}{MASK}"
