"""The market of contracts/sum/market in Python, to the last wei: its rules, its samples, its measuring."""
