"""The press: records on disk become one PDF and its HTML twin.

Only `reports.record`, the shelf of typed records, is imported by the workshops; nothing here
imports theory, simulate or gpt.
"""
