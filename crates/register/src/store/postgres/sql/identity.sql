SELECT application, version FROM identity
