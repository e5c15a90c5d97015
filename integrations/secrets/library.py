"""django-encrypted-model-fields, imported in a way that neither needs nor holds our keys.

The library makes a crypter of FIELD_ENCRYPTION_KEY while it is imported, and answers a missing or
broken key with a traceback, before the system checks could say what to do. `SealedField` uses the
library's column and its way of reading keys, never that crypter, so the crypter gets a key of its
own: it opens nothing.
"""

from cryptography.fernet import Fernet
from django.conf import settings

settings.FIELD_ENCRYPTION_KEY = Fernet.generate_key()

from encrypted_model_fields.fields import EncryptedTextField, parse_key  # noqa: E402 - see above

__all__ = ["EncryptedTextField", "parse_key"]
