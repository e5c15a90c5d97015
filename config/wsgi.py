"""The web server's entry. Refuses to serve when a system check says that it would be unsafe."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from config.startup import refuse_if_unsafe  # noqa: E402 - needs the apps loaded above

refuse_if_unsafe()
