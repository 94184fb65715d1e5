"""One module a step of the database, applied in the order of `down_revision`."""
