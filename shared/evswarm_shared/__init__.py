"""What two or more evswarm services share. A closed list of modules, not a drawer: see docs/architecture.md."""

from evswarm_shared import lean_imports

# Here, because this runs before any of our modules imports one of them.
lean_imports.leave_out(*lean_imports.NEVER_USED)
lean_imports.load_without_packages(lean_imports.OCPP)
