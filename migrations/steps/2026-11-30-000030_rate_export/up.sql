-- An export lists the lanes between ports, and not the sums of regions beside them.
GRANT SELECT ON rates.routes TO portcullis_rates_reader;
