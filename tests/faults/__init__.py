"""Nothing is lost: real processes die, freeze and lose each other while stations charge, and the audit comes out clean."""
