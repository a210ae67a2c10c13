"""Parties that train, cheat and vanish, on data that ship with scikit-learn: no chain, no money.

datasets    digits and biopsies, and how parties share them     digits, cancer
networks    what they train                                     Network, train
characters  what they do                                        CHARACTERS
judging     who is in: committees and majorities                committee, majority
playing     rounds, in the integers of the contract             play
scenario    what a TOML file says                               load_scenario
running     a scenario, and the same without who cheats         simulate
"""
