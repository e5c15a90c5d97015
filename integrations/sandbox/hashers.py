"""Password hashing that suits a sandbox."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class SandboxPasswordHasher(PBKDF2PasswordHasher):
    """PBKDF2 with few rounds.

    allauth hashes the client secret too and checks it on every token call: at Django's default
    cost a load test of Evergrant would measure this hash and nothing else.
    """

    algorithm = "pbkdf2_sandbox"
    iterations = 5_000
