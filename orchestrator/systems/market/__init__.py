"""Prediction markets: a provider pays for the data that make a model better on its secret test set.

    records      what a market's contract knows, as frozen values
    contract     one market's contract                               MarketContract
    secrets      what only the provider or a participant knows
    testset      portions, sealed and committed to
    creating, provider, participating, sealing, relaying, settling, duties    the workflows
    settlement    what a market must come to, by the Python reference

Import from these modules: this package imports none of them.
"""
