"""What goes wrong with tools."""

from __future__ import annotations

from integrations.errors import IntegrationsError, InvalidInput, NotFound

MOST_PROBLEMS = 20
LONGEST_FIELD = 100


class InvalidToolInput(InvalidInput):
    """The inputs do not fit the tool."""

    @classmethod
    def because(cls, *problems: tuple[str, str]) -> InvalidToolInput:
        """Return the error for ``problems``, each a field and what is wrong with it.

        Values are not repeated: they may be large, or secrets.
        """
        told = [
            {"field": field[:LONGEST_FIELD], "problem": problem}
            for field, problem in problems[:MOST_PROBLEMS]
        ]
        first = f"{told[0]['field']} {told[0]['problem']}".strip()
        return cls(f"The inputs do not fit the tool: {first}.", fields=told)


class UnknownTool(NotFound):
    """There is no tool of that name."""


class InvalidTool(InvalidInput):
    """The definition of the tool is not valid."""


class ToolHasNoAddress(IntegrationsError):
    """The tool cannot be called: the toolkit has no base URL, or one that is not an address."""
