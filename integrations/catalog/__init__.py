"""The catalog: third-party services as data, one YAML file each in ``toolkits/``."""

from integrations.catalog.loader import UnknownToolkit, all_toolkits, get_toolkit
from integrations.catalog.toolkit import Identity, Refusal, Toolkit

__all__ = ["Identity", "Refusal", "Toolkit", "UnknownToolkit", "all_toolkits", "get_toolkit"]
