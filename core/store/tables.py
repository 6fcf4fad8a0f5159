"""Every table of the store.

Each table leads with the account, and each key is unique within one account, so that a store can
be split by account. Ids of synced rows are the source's own. Instants are aware UTC; a `..._day`
column is the same instant's date in the account's business time zone, written by
`core.store.days`, so that a query groups and filters by day without computing with time zones.
"""

from core.store.access import ApiToken, FeedbackReceipt, RaterSalt
from core.store.columns import table
from core.store.syncing import (
    SYNC_BOOKKEEPING,
)

# What no page caches: writing it leaves the data version alone.
BOOKKEEPING = (
    *SYNC_BOOKKEEPING,
    *(table(model) for model in (ApiToken, FeedbackReceipt, RaterSalt)),
)
