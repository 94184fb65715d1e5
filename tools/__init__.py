"""What the repository is made and checked with; no part of the product."""
