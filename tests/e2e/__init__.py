"""Tests of the running county; a package, so that the county ends with them."""
