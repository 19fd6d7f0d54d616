//! The variables of the environment that a cloud platform sets and the service reads, besides its own settings.

/// Names and descriptions.
pub const PLATFORM_VARIABLES: [(&str, &str); 6] = [
    (
        "IDENTITY_ENDPOINT",
        "Set by Container Apps and App Service: the URL that issues access tokens of the managed identities.",
    ),
    (
        "IDENTITY_HEADER",
        "Set by Container Apps and App Service: the value that requests to `IDENTITY_ENDPOINT` must carry.",
    ),
    (
        "AZURE_FEDERATED_TOKEN_FILE",
        "Set by AKS workload identity: the file with the service account's token, which is exchanged for access tokens.",
    ),
    (
        "AZURE_TENANT_ID",
        "Set by AKS workload identity: the tenant that issues access tokens.",
    ),
    (
        "AZURE_CLIENT_ID",
        "Client id of the identity of the logins that `PORTCULLIS_ENTRA_CLIENT_IDS` does not name. AKS sets it; for a user-assigned identity of Container Apps set it yourself.",
    ),
    (
        "AZURE_AUTHORITY_HOST",
        "Set by AKS workload identity: the `https` URL of the authority, by default `https://login.microsoftonline.com/`.",
    ),
];
