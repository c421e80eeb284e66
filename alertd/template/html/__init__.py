"""Contextual escaping, as Go's html/template does it.

`context` says where in a page a template stands, `transition` how its text moves that on, `escaper` rewrites trees so
that every action ends in the escapers its context asks for, and `filters`, `css`, `js` and `urls` hold those escapers.
"""
