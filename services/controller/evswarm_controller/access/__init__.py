"""Who may use the controller: by which name, from which page, with which token, and how often.

Pure: the time is an argument. `http_rules` asks the gate about every exchange, `api.session` signs people in and out.
"""
