"""Prediction markets: a provider pays for the data that make a model better on its secret test set.

    records      what a market's contract knows, as frozen values
    contract     one market's contract                               MarketContract
    index        its contributions, told by events                   ContributionIndex
    secrets      what only the provider or a participant knows
    testset      portions, sealed and committed to
    creating, provider, participating, sealing, relaying, settling, duties    the workflows
    forecasting   what a contributor can know before it stakes
    settlement    what a market must come to, by the Python reference

Import from these modules: this package imports none of them.
"""
