# `portcullis audit` and `portcullis keys reseal`: the login of accounts, and the data keys. It reads no signing keys.
path "database/creds/portcullis-accounts" { capabilities = ["read"] }
path "database/static-creds/portcullis-static-accounts" { capabilities = ["read"] }
path "secret/data/portcullis/data-keys"     { capabilities = ["read"] }
path "secret/metadata/portcullis/data-keys" { capabilities = ["read"] }
# Any lease whose id it knows, which are its own.
path "sys/leases/renew"       { capabilities = ["update"] }
path "sys/leases/lookup"      { capabilities = ["update"] }
path "sys/leases/revoke"      { capabilities = ["update"] }
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self"  { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
