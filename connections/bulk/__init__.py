"""Work on many accounts in the background: refresh, revoke, make reconnect links, incidents.

``selecting`` says which accounts a filter or an incident means; ``starting`` and ``incidents`` make
a job; ``collecting`` fixes its accounts as items; ``authority`` says whether whoever asked may
still; ``carrying`` does the work on one account, ``following`` waits for refreshes; ``running`` is
the loop, which the refreshing processes have in a thread (``alongside``); ``steering`` cancels and
resumes; ``counting`` and ``reporting`` tell what came of it.
"""
