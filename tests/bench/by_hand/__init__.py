"""The baseline: what a Django developer writes by hand in an afternoon.

Tokens in plain text, refreshed when somebody reads them or by a loop; no leases, no history, no
sealing. startproject's middleware, and connections to the database that are kept.
"""
