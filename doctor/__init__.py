"""The doctor: looks (probes), judges (rules), recommends (a patch to `.env`), and tells (reports)."""
