"""Good and bad agents grow a model: the survey's experiment, on Python references or on the real contracts.

scenario   what a TOML file says                     load_scenario
reviews    the texts that agents take samples from   load_samples
world      what agents can do; the references' world      World, ReferenceWorld
chainworld the same through contracts                ChainWorld
agents     when they act and what they do            Crowd
running    a whole simulation                        simulate, write
"""
