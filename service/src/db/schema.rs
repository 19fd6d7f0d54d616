//! The tables as the typed queries know them. A test compares this file with a migrated database's catalogue.

/// The domain of rates.
pub mod rates {
    diesel::table! {
        /// One row a stored batch.
        rates.batches (id) {
            /// Number of the batch.
            id -> Int8,
            /// SHA-256 of its content.
            digest -> Bytea,
            /// How many prices it brought.
            price_count -> Int8,
            /// When it was stored.
            created_at -> Timestamptz,
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
