"""Our central system and our stations judged on the wire by peers that are not ours. Tests name the clause."""
