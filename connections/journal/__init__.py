"""Keeps what a provider just issued, until the database surely has it.

The moment a token response was read, its tokens, sealed, are appended to a file of this process.
Whatever happens before the commit, nothing is lost: a process that is killed leaves its files, any
process on the host finds them, and what an entry says is stored then. A database that forgets a
commit in a failover is repaired the same way, for as long as entries are kept.

Guarantees:

- An entry for which `append` returned True survives the end of this process, kill -9 included. It
  survives the end of the machine from the commit or from `sync` on, whichever comes first.
- `append` never raises and touches no database. Where it returns False nothing was appended, and
  what was appended before is as readable as ever.
- Whatever happened to a file, all of its intact entries are read, and all of every other file. A
  file that the system does not let be read now does not pass for empty: reading raises OSError.
- Entries hold no secret in the clear: the payload is the sealed text of the account's credentials.
  Files are for their owner only (0600, in a folder of 0700).

What is not guaranteed: an entry does not say whether it was stored. The database tells: an account
that is past the entry's generation is settled. So reading an entry twice does no harm.

Files: ``entry`` is what is kept, ``frame`` its form in a file, with a check of its own.
A process writes ``segment`` after segment, each for a minute or 8 MiB, and holds one lock over all
of them (``ownership``), which ends with the process and tells others that it has. A forked child
gets files of its own (``descriptor``). ``pending`` remembers, in memory only, what this process
appended and was not told to be stored. The folder must be on a local disk, where locks work among
all processes that use it; containers of one host may share it.
"""

from connections.journal.current import (
    announce,
    append,
    close,
    find,
    generations,
    has_appended,
    is_readable,
    key_counts,
    orphans,
    postpone,
    read_all,
    removable_segments,
    renew,
    settled,
    size,
    sync,
    trouble,
    unsettled,
)
from connections.journal.entry import Entry, EntryBroken
from connections.journal.leftover import Leftover, Orphan

__all__ = [
    "Entry",
    "EntryBroken",
    "Leftover",
    "Orphan",
    "announce",
    "append",
    "close",
    "find",
    "generations",
    "has_appended",
    "is_readable",
    "key_counts",
    "orphans",
    "postpone",
    "read_all",
    "removable_segments",
    "renew",
    "settled",
    "size",
    "sync",
    "trouble",
    "unsettled",
]
