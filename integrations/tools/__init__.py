"""Tools: named endpoints of a toolkit or an auth config, complete enough to make requests of.

``definition`` is one tool: its inputs as JSON Schema and where each of them goes. ``catalog`` reads
those that ship, ``choosing`` adds those that an auth config has of its own, ``requests`` turns a
tool and inputs into an HTTP request, ``openapi`` turns documents of others into tools. Nothing here
sends anything. docs/how-to/tools.md and docs/reference/tool-files.md explain it.

The models of this app read definitions, so nothing is imported here: whoever starts a process need
not load what checks JSON Schema.
"""
