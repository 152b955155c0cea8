"""The rules of a subscription: which messages it takes, and what they become."""
