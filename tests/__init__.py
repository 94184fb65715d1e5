"""The tests, by tier: unit, integration, conformance, e2e; and bench, which measures."""
