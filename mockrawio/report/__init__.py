"""A session in figures and in one page: what is measured, what is drawn, what is reported.

- :mod:`mockrawio.report.measures`: the numbers; needs nothing but NumPy
- :mod:`mockrawio.report.plots`: the figures; needs the extra ``plot``
"""
