"""Reach any EVM chain: embedded, local node or testnet."""
