# The token of one request for access.
path "database/creds/portcullis-access-*" { capabilities = ["read"] }
path "sys/leases/renew"                   { capabilities = ["update"] }
