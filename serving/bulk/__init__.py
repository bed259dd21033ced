"""Generation in bulk, in parts: plans, formats, shards, and who maps the one over the other.

`serving.batch` is the way in.
"""
