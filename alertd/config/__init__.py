"""What the files say: `alertd.yml`, rule files, packs and presets, checked against each other; their schemas and reference.

In: files and the environment. Out: settings and rule groups, or every problem with its place. Knows every package; none
knows it.
"""
