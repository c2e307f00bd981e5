"""Alembic migrations, packaged and run by the program (``Database.upgrade``)."""
