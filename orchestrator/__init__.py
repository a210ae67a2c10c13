"""DILN: prove, grow and compete with machine-learning models on Ethereum.

The package imports nothing by itself, so that `diln --help` is instant; import the rooms you need:

- `orchestrator.systems.prove`: train, sign, publish, verify, predict and serve a model
- `orchestrator.provenance`: manifests, signatures, the model registry, verification
- `orchestrator.chain`: reach an EVM chain; accounts; sending; deployments
- `orchestrator.storage`: content-addressed artifacts, embedded or on IPFS
- `orchestrator.learning`: data sets, estimators, metrics
"""

import os

os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")  # keccak in C: five times as fast, and imported at once

__version__ = "0.1.0"
