"""What a network is: its layers, ensembles of it, and its files."""
