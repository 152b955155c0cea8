"""Who may do what: SAS tokens, keys, and the claims of a connection."""
