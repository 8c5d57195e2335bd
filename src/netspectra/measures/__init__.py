"""Pure mathematics on tensors, samples first; imports nothing else of the package."""
