"""What the figures of all experiments share."""
