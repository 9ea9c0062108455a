"""A session in figures and on one page: measures, figures, and the report.

- :mod:`mockrawio.report.measures`: the numbers; needs nothing but NumPy
- :mod:`mockrawio.report.plots`: the figures; needs the extra ``plot``
"""
