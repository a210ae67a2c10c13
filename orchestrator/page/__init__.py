"""The page: what a wallet can do, in a browser. page/ has its sources; static/ is what they build to.

app.py     serves it beside JSON-RPC, the storage's blocks, and where this chain's contracts stand
release.py which files belong to it, and whether those at hand are the ones that were published
"""
