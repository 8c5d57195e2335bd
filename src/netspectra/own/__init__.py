"""A reader's own network under every lens: `netspectra.lens`, and the parts that it is made of."""
