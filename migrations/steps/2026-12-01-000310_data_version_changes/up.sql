-- Every statement that may change an answer about rates or places changes the version of the data.
CREATE TRIGGER daily_rates_data_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rates.daily_rates
  FOR EACH STATEMENT EXECUTE FUNCTION rates.change_data_version();
CREATE TRIGGER ports_data_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rates.ports
  FOR EACH STATEMENT EXECUTE FUNCTION rates.change_data_version();
CREATE TRIGGER regions_data_version AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON rates.regions
  FOR EACH STATEMENT EXECUTE FUNCTION rates.change_data_version();
