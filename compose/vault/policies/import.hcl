# `portcullis import`: its login, and nothing else.
path "database/creds/portcullis-ingest" { capabilities = ["read"] }
path "database/static-creds/portcullis-static-ingest" { capabilities = ["read"] }
# Any lease whose id it knows, which are its own.
path "sys/leases/renew"       { capabilities = ["update"] }
path "sys/leases/lookup"      { capabilities = ["update"] }
path "sys/leases/revoke"      { capabilities = ["update"] }
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self"  { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
