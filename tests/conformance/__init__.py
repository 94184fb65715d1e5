"""Independent OCPP 1.6J peers judge our station and our CSMS by the frames alone."""
