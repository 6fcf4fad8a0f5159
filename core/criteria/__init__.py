"""Success criteria: the data of a window, verdicts and words, the ledger, and baselines."""
