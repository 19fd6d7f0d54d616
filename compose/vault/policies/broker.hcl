# Gives people their logins. It cannot read credentials: it creates one orphan token per request, whose end ends the login.
path "auth/token/create/portcullis-access" { capabilities = ["update"] }
path "auth/token/revoke-accessor" { capabilities = ["update"] }
path "sys/leases/lookup"          { capabilities = ["update"] }
path "sys/leases/revoke"          { capabilities = ["update"] }
path "sys/wrapping/wrap"          { capabilities = ["update"] }
path "auth/token/lookup-self"     { capabilities = ["read"] }
path "auth/token/renew-self"      { capabilities = ["update"] }
path "auth/token/revoke-self"     { capabilities = ["update"] }
