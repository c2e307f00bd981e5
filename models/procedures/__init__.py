"""CPT and HCPCS from notes: what was done, how much of it, and the visit's level."""
