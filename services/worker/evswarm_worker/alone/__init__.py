"""One station in a process of its own, without a store and without a controller: `python -m evswarm_worker.alone`.

The worker runs it as it runs thousands; here stands only what takes the place of store and controller.
"""
