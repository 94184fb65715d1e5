"""The bus: everything one service tells another, apart from OCPP itself.

`messages` are the shapes, `keys` the names in Redis, `port` the operations, and `redis` and `memory` the two
adapters that one contract suite holds to the same behaviour.
"""
