-- The demo's table: the settings determine who may add and delete entries.
CREATE SCHEMA demo;
GRANT USAGE ON SCHEMA demo TO portcullis_demo_writer;

CREATE TABLE demo.entries (
  id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT entries_pkey PRIMARY KEY,
  data text NOT NULL,
  CONSTRAINT entries_data_check CHECK (data ~ '^[A-Za-z0-9]{10}$')
);
GRANT INSERT (data), DELETE ON demo.entries TO portcullis_demo_writer;
