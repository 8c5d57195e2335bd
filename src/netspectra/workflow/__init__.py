"""What rules and stages ask for."""
