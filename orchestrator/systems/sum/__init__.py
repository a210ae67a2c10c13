"""Grow a model together: shared models on a chain, from their creation to the last withdrawal.

    records      what the contracts know, as frozen values
    shared       one shared model's contract                         SharedModelContract
    ledger       contributions and their fate, told by events        Ledger
    creating, adding, sealing, relaying, claiming, duties, replaying, opening    the workflows
    simulation   good and bad agents, on references or on contracts

Import from these modules: this package imports none of them.
"""
