"""Theory one can look at: small games whose outcome is known, played by the library's own losses.

A file a figure: `measure()` gives its numbers, plain JSON values, and `draw(numbers)` the figure of
those and of nothing else. `figures` lists them; `writing` makes one.
"""
