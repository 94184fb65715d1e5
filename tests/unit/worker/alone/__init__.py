"""A station alone: its options, its state, its control port."""
