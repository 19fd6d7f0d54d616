//! The tables as the typed queries know them. A test compares this file with a migrated database's catalogue.

/// The domain of rates.
pub mod rates {
    diesel::table! {
        /// One row a stored batch.
        rates.batches (id) {
            /// Number of the batch.
            id -> Int8,
            /// SHA-256 of its content; after its withdrawal one that no content has.
            digest -> Bytea,
            /// How many prices it brought.
            price_count -> Int8,
            /// When it was stored.
            created_at -> Timestamptz,
            /// When it was withdrawn.
            withdrawn_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        /// One row an uploaded batch: a job.
        rates.uploads (id) {
            /// Number of the batch.
            id -> Int8,
            /// `sub` of the access token that sent it.
            subject -> Text,
            /// Chosen by the client; NULL once it has expired.
            idempotency_key -> Nullable<Text>,
            /// SHA-256 of the request.
            digest -> Nullable<Bytea>,
            /// A name of `types::upload`.
            format -> Text,
            /// A name of `types::upload`.
            coding -> Text,
            /// Whether nothing is stored.
            dry_run -> Bool,
            /// A name of `types::upload`.
            state -> Text,
            /// Whether it is to be cancelled.
            cancel_requested -> Bool,
            /// Number of its ownership.
            attempt -> Int8,
            /// How many owners died.
            crashes -> Int8,
            /// When its owner loses it.
            lease_until -> Nullable<Timestamptz>,
            /// Prices checked or stored so far.
            rows_done -> Int8,
            /// Number of its prices.
            rows_total -> Nullable<Int8>,
            /// The batch with this content.
            stored_as -> Nullable<Int8>,
            /// Why nothing was stored.
            reason -> Nullable<Text>,
            /// Number of invalid rows.
            error_count -> Int8,
            /// The first of them.
            errors -> Jsonb,
            /// When it began.
            created_at -> Timestamptz,
            /// When it reached its final state.
            ended_at -> Nullable<Timestamptz>,
            /// When its body was complete; NULL in uploads of earlier releases.
            queued_at -> Nullable<Timestamptz>,
            /// Whether it failed for a reason that does not lie in its content.
            is_repeatable -> Bool,
        }
    }

    diesel::table! {
        /// The bodies of uploads.
        rates.upload_parts (upload_id, number) {
            /// The upload.
            upload_id -> Int8,
            /// From 0.
            number -> Int8,
            /// Bytes as received.
            content -> Bytea,
        }
    }

    diesel::table! {
        /// One row: the version of the sums and the places.
        rates.data_version (is_only) {
            /// True.
            is_only -> Bool,
            /// Another one after each change.
            version -> Uuid,
        }
    }

    diesel::table! {
        /// Regions, a forest.
        rates.regions (slug) {
            /// The region's name in the API.
            slug -> Text,
            /// Its name for people.
            name -> Text,
            /// The region that it lies in.
            parent_slug -> Nullable<Text>,
        }
    }

    diesel::table! {
        /// Ports, each in one region.
        rates.ports (code) {
            /// UN/LOCODE.
            code -> Text,
            /// Its name for people.
            name -> Text,
            /// The region that it lies in.
            parent_slug -> Text,
            /// What a search compares.
            search_key -> Text,
        }
    }

    diesel::table! {
        /// Each place with itself and every region above it.
        rates.place_ancestors (place, ancestor) {
            /// Code or slug.
            place -> Text,
            /// Code or slug of itself or of a region above.
            ancestor -> Text,
        }
    }

    diesel::table! {
        /// Offers. They have no key in the database: diesel wants one and never uses it.
        rates.prices (orig_code, dest_code, day, price) {
            /// Port of loading.
            orig_code -> Text,
            /// Port of discharge.
            dest_code -> Text,
            /// The day it is valid on.
            day -> Date,
            /// Whole US dollars.
            price -> Int4,
            /// The batch that brought it; none for those of earlier releases.
            batch_id -> Nullable<Int8>,
        }
    }

    diesel::table! {
        /// Sum and count of the prices of each pair of places and day.
        rates.daily_rates (origin, destination, day) {
            /// Code or slug.
            origin -> Text,
            /// Code or slug.
            destination -> Text,
            /// The day.
            day -> Date,
            /// Whole US dollars.
            price_sum -> Int8,
            /// Number of prices, 1 or more.
            price_count -> Int8,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(regions, ports, place_ancestors);
}

/// People.
pub mod accounts {
    diesel::table! {
        /// One row a person, deleted ones too.
        accounts.accounts (id) {
            /// Number.
            id -> Int8,
            /// As it was given.
            email -> Text,
            /// As it is compared.
            email_key -> Text,
            /// Name.
            name -> Text,
            /// A word of `types::role`.
            role -> Text,
            /// invited, unconfirmed, active.
            state -> Text,
            /// Rises with each change.
            version -> Int8,
            /// When it was made.
            created_at -> Timestamptz,
            /// When it was last changed.
            updated_at -> Timestamptz,
            /// When the address was proven.
            confirmed_at -> Nullable<Timestamptz>,
            /// When it was deleted.
            deleted_at -> Nullable<Timestamptz>,
            /// What a search compares.
            search_key -> Text,
        }
    }

    diesel::table! {
        /// Credentials. No login may read hash and secret.
        accounts.credentials (account_id) {
            /// Whose.
            account_id -> Int8,
            /// Write only.
            password_hash -> Nullable<Text>,
            /// When.
            password_changed_at -> Nullable<Timestamptz>,
            /// Write only; sealed.
            totp_secret -> Nullable<Bytea>,
            /// Since when it counts.
            totp_confirmed_at -> Nullable<Timestamptz>,
            /// Time step of the last code taken.
            totp_last_step -> Nullable<Int8>,
            /// When the set-up was started.
            totp_started_at -> Nullable<Timestamptz>,
            /// The session that started it.
            totp_session_id -> Nullable<Uuid>,
            /// Wrong codes since the last right one.
            wrong_codes -> Int4,
            /// Until when no code of the app is verified.
            codes_blocked_until -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        /// Codes for who lost the second factor.
        accounts.recovery_codes (account_id, code_hash) {
            /// Whose.
            account_id -> Int8,
            /// SHA-256.
            code_hash -> Bytea,
            /// When it was used.
            used_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        /// Mailed links.
        accounts.links (id) {
            /// Random; the token follows from it.
            id -> Uuid,
            /// SHA-256 of the token.
            token_hash -> Bytea,
            /// Whose.
            account_id -> Int8,
            /// confirm, invite, reset, change_email, undo_email.
            purpose -> Text,
            /// The new address, for change_email; the former one, for undo_email.
            email -> Nullable<Text>,
            /// When it was made.
            created_at -> Timestamptz,
            /// When it ends.
            expires_at -> Timestamptz,
            /// When it was used or made void.
            closed_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        /// Locked by transactions that must not create or remove administrators concurrently.
        accounts.admins_lock (single) {
            /// There is one row.
            single -> Bool,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(accounts, credentials, recovery_codes, links);
}

/// Machine clients.
pub mod clients {
    diesel::table! {
        /// Programs that get tokens of their own.
        clients.clients (id) {
            /// Random.
            id -> Uuid,
            /// For administrators.
            name -> Text,
            /// What its tokens may do, separated by spaces.
            scopes -> Text,
            /// Incremented by every change.
            version -> Int8,
            /// When it was created.
            created_at -> Timestamptz,
            /// When it was last changed.
            updated_at -> Timestamptz,
            /// When it was revoked.
            revoked_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        /// Secrets and public keys with which clients authenticate.
        clients.credentials (id) {
            /// Random.
            id -> Uuid,
            /// Whose.
            client_id -> Uuid,
            /// secret, key.
            kind -> Text,
            /// 1 or 2, unique for the client and the kind.
            slot -> Int8,
            /// SHA-256 of a secret.
            secret_hash -> Nullable<Bytea>,
            /// Coordinates of a key's point on P-256.
            public_key -> Nullable<Bytea>,
            /// When it was added.
            created_at -> Timestamptz,
            /// When it expires.
            expires_at -> Timestamptz,
            /// When it was last used.
            last_used_at -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        /// Assertions that have authenticated a client.
        clients.used_assertions (client_id, jti_hash) {
            /// Whose.
            client_id -> Uuid,
            /// SHA-256 of the jti.
            jti_hash -> Bytea,
            /// When it expires.
            expires_at -> Timestamptz,
        }
    }
}

/// Who is signed in.
pub mod sessions {
    use super::accounts::{accounts, credentials};

    diesel::table! {
        /// One row a login.
        sessions.sessions (id) {
            /// Random.
            id -> Uuid,
            /// Whose.
            account_id -> Int8,
            /// api, browser, token.
            kind -> Text,
            /// SHA-256 of a browser's cookie.
            cookie_hash -> Nullable<Bytea>,
            /// When it began.
            created_at -> Timestamptz,
            /// When it was last used.
            last_used_at -> Timestamptz,
            /// When it ends by itself.
            expires_at -> Timestamptz,
            /// When it was ended.
            ended_at -> Nullable<Timestamptz>,
            /// Why.
            end_reason -> Nullable<Text>,
            /// What the client called itself.
            user_agent -> Text,
            /// Where it came from.
            address -> Text,
            /// The network of that address.
            network -> Text,
            /// When its owner last proved the credentials again.
            proven_at -> Nullable<Timestamptz>,
            /// Key of the MAC in its refresh tokens.
            refresh_key -> Bytea,
        }
    }

    diesel::table! {
        /// Refresh tokens of `api` sessions: the current one and the last ones before it.
        sessions.refresh_tokens (token_hash) {
            /// SHA-256.
            token_hash -> Bytea,
            /// Its family.
            session_id -> Uuid,
            /// When.
            issued_at -> Timestamptz,
            /// When another took its place.
            replaced_at -> Nullable<Timestamptz>,
            /// Its number in the session, from 0.
            generation -> Int4,
            /// What its successor is derived with.
            successor_seed -> Nullable<Bytea>,
        }
    }

    diesel::table! {
        /// Networks from which a mailed link was used.
        sessions.known_networks (account_id, network) {
            /// Whose.
            account_id -> Int8,
            /// The network.
            network -> Text,
            /// When.
            proven_at -> Timestamptz,
        }
    }

    diesel::table! {
        /// Failed tries.
        sessions.throttles (key) {
            /// What is counted by.
            key -> Text,
            /// How often.
            count -> Int4,
            /// Until when the next try is refused.
            blocked_until -> Nullable<Timestamptz>,
            /// The last try.
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        /// Submitted forms and their answers.
        sessions.form_answers (key) {
            /// What identifies the form.
            key -> Bytea,
            /// When it expires.
            expires_at -> Timestamptz,
            /// Whether another arrival waits.
            awaited -> Bool,
            /// Encrypted.
            answer -> Nullable<Bytea>,
            /// Whether the form changed something.
            is_final -> Bool,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(sessions, refresh_tokens, throttles);
    diesel::allow_tables_to_appear_in_same_query!(known_networks, accounts);
    diesel::allow_tables_to_appear_in_same_query!(sessions, accounts);
    diesel::allow_tables_to_appear_in_same_query!(sessions, credentials);
    diesel::allow_tables_to_appear_in_same_query!(refresh_tokens, accounts);
    diesel::allow_tables_to_appear_in_same_query!(refresh_tokens, credentials);
}

/// Mail on its way.
pub mod mail {
    diesel::table! {
        /// Mails that are to be sent or were.
        mail.outbox (id) {
            /// Number.
            id -> Int8,
            /// Local part of the Message-ID.
            message_id -> Uuid,
            /// Which text.
            kind -> Text,
            /// Address.
            recipient -> Text,
            /// What the text is made with.
            data -> Jsonb,
            /// The link in it.
            link_id -> Nullable<Uuid>,
            /// When it was written.
            created_at -> Timestamptz,
            /// When it is not worth sending any more.
            expires_at -> Nullable<Timestamptz>,
            /// Not before.
            next_try_at -> Timestamptz,
            /// How often it was tried.
            tries -> Int4,
            /// Why the last try failed.
            last_error -> Nullable<Text>,
            /// When the mail server took it.
            sent_at -> Nullable<Timestamptz>,
            /// When it was given up.
            given_up_at -> Nullable<Timestamptz>,
        }
    }
}

/// What happened.
pub mod audit {
    diesel::table! {
        /// The chain of events.
        audit.events (id) {
            /// Number, without gaps.
            id -> Int8,
            /// When.
            at -> Timestamptz,
            /// Account that did it.
            actor_id -> Nullable<Int8>,
            /// What.
            action -> Text,
            /// To what, as in `account:7`.
            subject -> Text,
            /// In which request.
            request_id -> Text,
            /// From where.
            address -> Text,
            /// More.
            detail -> Jsonb,
            /// Hash of the event before.
            previous_hash -> Bytea,
            /// Its own.
            hash -> Bytea,
        }
    }

    diesel::table! {
        /// The end of the chain.
        audit.head (single) {
            /// There is one row.
            single -> Bool,
            /// Number of the last event.
            id -> Int8,
            /// Its hash.
            hash -> Bytea,
        }
    }
}

/// Wishes.
pub mod wishes {
    diesel::table! {
        /// Each its owner's alone.
        wishes.wishes (id) {
            /// Number.
            id -> Int8,
            /// Whose.
            account_id -> Int8,
            /// What is wished for.
            title -> Text,
            /// More about it.
            note -> Text,
            /// When it came true.
            done_at -> Nullable<Timestamptz>,
            /// Rises with each change.
            version -> Int8,
            /// When it was made.
            created_at -> Timestamptz,
            /// When it was last changed.
            updated_at -> Timestamptz,
        }
    }

    diesel::table! {
        /// Locked per account while a wish is created.
        wishes.account_locks (account_id) {
            /// The account.
            account_id -> Int8,
        }
    }
}

/// Requests for access to the database.
pub mod access {
    use super::accounts::accounts;

    diesel::table! {
        /// One row a request.
        access.requests (id) {
            /// Number.
            id -> Int8,
            /// The account that requests; it may be gone.
            requester_id -> Int8,
            /// A name of `types::access`.
            level -> Text,
            /// Why.
            reason -> Text,
            /// The requested period.
            hours -> Int4,
            /// A name of `types::access`.
            state -> Text,
            /// When it was made.
            requested_at -> Timestamptz,
            /// When it was approved or denied.
            decided_at -> Nullable<Timestamptz>,
            /// The account that did.
            decided_by -> Nullable<Int8>,
            /// Why.
            decision_reason -> Nullable<Text>,
            /// The end of the approved period.
            expires_at -> Nullable<Timestamptz>,
            /// When it was withdrawn, revoked or expired.
            ended_at -> Nullable<Timestamptz>,
            /// A reason of `types::access_end`.
            end_reason -> Nullable<Text>,
            /// The account that ended it.
            ended_by -> Nullable<Int8>,
            /// How often issuing its next login has failed.
            issue_failures -> Int4,
            /// When it is tried again.
            issue_after -> Nullable<Timestamptz>,
        }
    }

    diesel::table! {
        /// One row a login, from the claim to issue it.
        access.logins (id) {
            /// Id.
            id -> Uuid,
            /// The request.
            request_id -> Int8,
            /// When a replica began to issue it.
            claimed_at -> Timestamptz,
            /// Its end.
            expires_at -> Timestamptz,
            /// Of the Vault token that owns the lease.
            accessor -> Nullable<Text>,
            /// Name in the database.
            name -> Nullable<Text>,
            /// Id of the lease.
            lease_id -> Nullable<Text>,
            /// When it was issued.
            issued_at -> Nullable<Timestamptz>,
            /// Wrapping token; sealed.
            sealed_token -> Nullable<Bytea>,
            /// The end of the wrapping token.
            token_expires_at -> Nullable<Timestamptz>,
            /// When its hand-over began.
            collecting_at -> Nullable<Timestamptz>,
            /// When it was handed over.
            collected_at -> Nullable<Timestamptz>,
            /// When its end was decided.
            ended_at -> Nullable<Timestamptz>,
            /// expired, revoked, failed, uncollected, compromised, lost.
            end_reason -> Nullable<Text>,
            /// When Vault confirmed that it is dropped.
            revoked_at -> Nullable<Timestamptz>,
            /// How often that has failed.
            revoke_failures -> Int4,
            /// When it is tried again.
            revoke_after -> Nullable<Timestamptz>,
            /// When it had no session and could begin none.
            blocked_at -> Nullable<Timestamptz>,
        }
    }

    diesel::allow_tables_to_appear_in_same_query!(requests, accounts);
}

/// The demo's own table.
pub mod demo {
    diesel::table! {
        /// What /populate adds.
        demo.entries (id) {
            /// Number.
            id -> Int8,
            /// Ten letters and digits.
            data -> Text,
        }
    }
}

/// House-keeping.
pub mod portcullis {
    diesel::table! {
        /// Migrations that have run.
        portcullis.__diesel_schema_migrations (version) {
            /// The migration's version, digits only.
            version -> Varchar,
            /// When it ran.
            run_on -> Timestamp,
        }
    }
}
