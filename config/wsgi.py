"""The web server's entry. Refuses to serve when a system check says that it would be unsafe."""

import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from config.startup import refuse_if_unsafe  # noqa: E402 - needs the apps loaded above

refuse_if_unsafe()

from connections.refresh.keeping import keep_journal  # noqa: E402 - as above

# What an earlier process of this host left, if it was killed, is stored before anybody asks for it.
keep_journal()

# A thread that comes back from the database waits for the interpreter up to this long. The default
# of 5 ms, a dozen times per request, is more than all the work of it.
sys.setswitchinterval(0.0005)
