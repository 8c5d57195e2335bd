"""What `netspectra` does from a terminal, one module a command; `netspectra.cli` is the door."""
