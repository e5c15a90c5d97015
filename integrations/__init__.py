"""The ground floor: projects, auth configs, the catalog, schemes, secrets, the outbound door."""
