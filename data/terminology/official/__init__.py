"""Files that a licensed user has: the AMA's CPT files, CMS's fee schedule and HCPCS Level II."""
