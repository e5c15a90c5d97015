"""What a person sees when everything runs."""

import shlex
from typing import Any

from config.run.options import Options


def summary(options: Options, demo: dict[str, Any], api_key: str) -> str:
    """Return the closing text: the admin, the connect link and the call that reads the account."""
    operator = demo["operator"]
    if operator["password"]:
        password = f"password {operator['password']}  (shown this once)"
    else:
        command = f'make manage ARGS="changepassword {operator["username"]}"'
        password = f"password was shown on the first run; `{command}` sets a new one"
    account = f"{options.base_url}/api/v1/connected_accounts/{demo['connected_account_id']}"
    return "\n".join(
        [
            "",
            "Evergrant runs. Ctrl-C stops it; the data stays.",
            "",
            f"  Admin     {options.base_url}/admin/",
            f"  Operator  {operator['username']}  {password}",
            f"  Connect   {demo['connect_url']}",
            "            (for the user alice; sign up at the sandbox provider and agree)",
            f"  Read      curl -H {shlex.quote(f'x-api-key: {api_key}')} {shlex.quote(account)}",
            "",
        ]
    )
