"""The search: cutting planes between a master and the programmes of the sites, to a proven gap."""
