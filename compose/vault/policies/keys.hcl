# `portcullis keys`: creates and rotates the documents of keys. The running service only reads them.
path "secret/data/portcullis/token-keys"     { capabilities = ["create", "read", "update"] }
path "secret/data/portcullis/data-keys"      { capabilities = ["create", "read", "update"] }
path "secret/metadata/portcullis/token-keys" { capabilities = ["read"] }
path "secret/metadata/portcullis/data-keys"  { capabilities = ["read"] }
path "auth/token/lookup-self" { capabilities = ["read"] }
path "auth/token/renew-self"  { capabilities = ["update"] }
path "auth/token/revoke-self" { capabilities = ["update"] }
