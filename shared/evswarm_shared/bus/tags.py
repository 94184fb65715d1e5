"""How an id tag is compared: without regard to upper and lower case (OCPP 1.6 §7, CiString20Type)."""


def tag_key(id_tag: str) -> str:
    """The same text for every spelling of a tag. Only ASCII letters have two cases here, as in the store's Lua."""
    return id_tag.encode().lower().decode()
