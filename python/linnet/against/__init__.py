"""``python -m linnet bench MODEL --against ENGINE,...``: the same model in Linnet and other engines, in turn."""
