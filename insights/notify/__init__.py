"""How an insight leaves the house: one message, many channels."""
