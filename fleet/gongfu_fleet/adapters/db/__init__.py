"""The relational store: SQLAlchemy and Alembic."""
