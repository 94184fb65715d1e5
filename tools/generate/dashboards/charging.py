"""Cars, energy and money."""

from typing import Final

from tools.generate.dashboards.spec import WORKER, Board, Panel, Query, Row, quantiles, rate

ENERGY: Final = "evswarm_energy_delivered_joules_total"

CHARGING: Final = Board(
    "charging",
    "Charging and money",
    "Who charges, how much flows, what is earned, and what does the charging policy do about it?",
    (
        Row(
            "Now",
            (
                Panel(
                    "Transactions",
                    "How many are open, as the stations see it?",
                    "none",
                    (Query(f"sum(evswarm_transactions_active{{{WORKER}}})"),),
                    "stat",
                    4,
                ),
                Panel(
                    "Power",
                    "What flows now?",
                    "watt",
                    (Query(f"sum(evswarm_charging_power_watts{{{WORKER}}})"),),
                    "stat",
                    4,
                ),
                Panel(
                    "Energy",
                    "What was delivered since the workers started?",
                    "kwatth",
                    (Query(f"sum({ENERGY}{{{WORKER}}}) / 3.6e6"),),
                    "stat",
                    4,
                ),
                Panel(
                    "Revenue",
                    "What did that earn?",
                    "none",
                    (Query(f"sum by (currency) (evswarm_revenue_total{{{WORKER}}})", "{{currency}}"),),
                    "stat",
                    4,
                ),
                Panel(
                    "Price a kWh",
                    "What does a kWh cost now?",
                    "none",
                    (Query("max(evswarm_tariff_price_per_kilowatt_hour)"),),
                    "stat",
                    4,
                ),
                Panel(
                    "Energy a transaction",
                    "How much does a car take on average, over the time shown?",
                    "kwatth",
                    (
                        Query(
                            f"sum(increase({ENERGY}{{{WORKER}}}[$__range])) / 3.6e6 "
                            f"/ (sum(increase(evswarm_transactions_stopped_total{{{WORKER}}}[$__range])) > 0)"
                        ),
                    ),
                    "stat",
                    4,
                ),
            ),
        ),
        Row(
            "Energy and money",
            (
                Panel(
                    "Power, reported and metered",
                    "Does the power that stations report agree with the rate at which their registers grow?",
                    "watt",
                    (
                        Query("swarm:evswarm_charging_power_watts:sum", "reported"),
                        Query("swarm:evswarm_energy_delivered_joules:rate1m", "rate of energy"),
                    ),
                ),
                Panel(
                    "Revenue an hour",
                    "What does the swarm earn at this pace, and at which price?",
                    "none",
                    (
                        Query(
                            f"sum by (currency) (rate(evswarm_revenue_total{{{WORKER}}}[$__rate_interval])) * 3600",
                            "{{currency}} an hour",
                        ),
                        Query("max(evswarm_tariff_price_per_kilowatt_hour)", "price a kWh"),
                    ),
                ),
            ),
        ),
        Row(
            "Transactions",
            (
                Panel(
                    "Open transactions",
                    "Do stations and central system agree on what is open?",
                    "none",
                    (
                        Query(f"sum(evswarm_transactions_active{{{WORKER}}})", "as the stations see it"),
                        Query("max(evswarm_csms_transactions_open)", "as the central system sees it"),
                    ),
                ),
                Panel(
                    "Started and stopped",
                    "How many begin and end, and why do they end?",
                    "ops",
                    (
                        Query(rate(f"evswarm_transactions_started_total{{{WORKER}}}"), "started"),
                        Query(
                            rate(f"evswarm_transactions_stopped_total{{{WORKER}}}", "reason") + " > 0",
                            "stopped: {{reason}}",
                        ),
                    ),
                ),
                Panel(
                    "Duration of a transaction",
                    "How long do cars charge, in simulated time?",
                    "s",
                    quantiles("evswarm_transaction_duration_seconds", WORKER),
                ),
                Panel(
                    "Messages not answered yet",
                    "Does the central system take what stations have to say about transactions?",
                    "none",
                    (Query(f"sum by (worker) (evswarm_outbox_messages{{{WORKER}}})", "{{worker}}"),),
                    stacked=True,
                ),
            ),
        ),
        Row(
            "Policy and faults",
            (
                Panel(
                    "Decisions of the policy",
                    "What does the charging policy decide, and for which reason?",
                    "ops",
                    (
                        Query(
                            rate(f"evswarm_policy_decisions_total{{{WORKER}}}", "action, reason") + " > 0",
                            "{{action}}: {{reason}}",
                        ),
                    ),
                    stacked=True,
                ),
                Panel(
                    "Faults made by hand",
                    "What was made to go wrong on purpose?",
                    "none",
                    (Query(f"sum by (kind) (evswarm_faults_injected_total{{{WORKER}}})", "{{kind}}"),),
                ),
            ),
        ),
    ),
)
