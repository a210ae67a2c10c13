"""What every system stands on, and that knows none of them.

session      the working folder's chain, storage, wallets and registry
money        ether or an ERC-20 token: parsed, shown, held, approved
system       what the house asks of a system: its instances, and the duties of those in them
keeper       does what is due for this folder's accounts, in any system
"""
