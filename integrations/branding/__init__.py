"""What a project's pages and mails look like: its colours, its stylesheet, its logo.

`colors_of`, `logo_path`, `logo_url` and `stylesheet_path` ask nothing of the database, so that a
page can be shown while it is away.
"""

from integrations.branding.colors import Colors, Scheme, colors_of
from integrations.branding.places import logo_path, logo_url, stylesheet_path

__all__ = ["Colors", "Scheme", "colors_of", "logo_path", "logo_url", "stylesheet_path"]
