"""What several tests need: stores, processes, peers, browsers."""
