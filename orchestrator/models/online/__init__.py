"""Models that live in a contract and learn there.

    references    the models themselves, in Python, bit for bit      OnChainModel
    encoders      text or numbers to a contribution's bytes          Encoder
    conversion    a scikit-learn pipeline as integers                convert
    training, planning                                               a pipeline to begin with, and its quality
    descriptor    what is published with a model: encoder, labels    Descriptor
    compositions  the package's contracts, by model and policy       COMPOSITIONS
    factory       where they are created and recognized              Factory
    clone         what all of them have, whatever pays for data      Clone
    finding       by name or address                                 find
    funding       fill up what somebody has with a contract          fill_up

Import from these modules: this package imports none of them.
"""
