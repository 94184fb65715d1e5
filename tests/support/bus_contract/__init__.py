"""What every bus adapter must do, as test classes that each adapter's own test module derives from.

`harness` is a fixture of the deriving module. Nothing here waits for time to pass: the harness moves it.
"""
