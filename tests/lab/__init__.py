"""The laboratory: a real Asterisk, telephones that call through it, recordings of what it said."""
