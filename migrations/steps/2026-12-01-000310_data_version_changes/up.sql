-- Every statement that may change an answer about rates or places changes the version of the data.
CREATE TRIGGER daily_rates_data_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rates.daily_rates
  FOR EACH STATEMENT EXECUTE FUNCTION rates.change_data_version();
-- Triggers run in the order of their names: after ports_refresh_ancestors and regions_refresh_ancestors, which lock the sums. In the other
-- order a place that moves would wait for the sums and an import for the version, each for the other.
CREATE TRIGGER ports_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rates.ports
  FOR EACH STATEMENT EXECUTE FUNCTION rates.change_data_version();
CREATE TRIGGER regions_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rates.regions
  FOR EACH STATEMENT EXECUTE FUNCTION rates.change_data_version();
