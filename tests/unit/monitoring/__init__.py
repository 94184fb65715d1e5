"""Dashboards, rules, alerts, their tests and the runbook, against one another and against the catalogue of metrics."""
