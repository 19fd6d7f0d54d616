# The running service. Complete: its tokens have no default policy. Logins of people and that of imports are not its own, so the
# five are listed.
path "database/creds/portcullis-rates"    { capabilities = ["read"] }
path "database/creds/portcullis-accounts" { capabilities = ["read"] }
path "database/creds/portcullis-wishes"   { capabilities = ["read"] }
path "database/creds/portcullis-mail"     { capabilities = ["read"] }
path "database/creds/portcullis-demo"     { capabilities = ["read"] }
path "database/static-creds/portcullis-static-rates"    { capabilities = ["read"] }
path "database/static-creds/portcullis-static-accounts" { capabilities = ["read"] }
path "database/static-creds/portcullis-static-wishes"   { capabilities = ["read"] }
path "database/static-creds/portcullis-static-mail"     { capabilities = ["read"] }
path "database/static-creds/portcullis-static-demo"     { capabilities = ["read"] }
path "secret/data/portcullis/token-keys"     { capabilities = ["read"] }
path "secret/data/portcullis/data-keys"      { capabilities = ["read"] }
path "secret/metadata/portcullis/token-keys" { capabilities = ["read"] }
path "secret/metadata/portcullis/data-keys"  { capabilities = ["read"] }
# Any lease whose id it knows, which are its own.
path "sys/leases/renew"       { capabilities = ["update"] }
path "sys/leases/lookup"      { capabilities = ["update"] }
path "sys/leases/revoke"      { capabilities = ["update"] }
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self"  { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
