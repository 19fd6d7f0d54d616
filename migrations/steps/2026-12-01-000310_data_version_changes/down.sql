DROP TRIGGER regions_version ON rates.regions;
DROP TRIGGER ports_version ON rates.ports;
DROP TRIGGER daily_rates_data_version ON rates.daily_rates;
