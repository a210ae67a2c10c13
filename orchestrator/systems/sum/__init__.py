"""Grow a model together: shared models on a chain, from their creation to the last withdrawal.

    records      what the contracts know, as frozen values
    shared       one shared model's contract                         SharedModel
    factory      where shared models are created and recognized      Factory
    encoders     text or numbers to a contribution's bytes           Encoder
    descriptor   what is published with a model: encoder, labels     Descriptor
    conversion   a scikit-learn pipeline as integers                 convert
    funding      fill up what somebody has with a model              fill_up
    ledger       contributions and their fate, told by events        Ledger
    creating, adding, hiding, relaying, claiming, duties, replaying, opening    the workflows
    simulation   good and bad agents, on twins or on contracts

Import from these modules: this package imports none of them.
"""
