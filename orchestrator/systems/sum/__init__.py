"""Grow a model together: shared models on a chain, from their creation to the last withdrawal.

    records      what the contracts know, as frozen values
    shared       one shared model's contract                         SharedModel
    ledger       contributions and their fate, told by events        Ledger
    creating, adding, hiding, relaying, claiming, duties, replaying, opening    the workflows
    simulation   good and bad agents, on twins or on contracts

Import from these modules: this package imports none of them.
"""
