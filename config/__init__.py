"""The top floor: settings, addresses, the API's assembly, and the commands that start it all."""
