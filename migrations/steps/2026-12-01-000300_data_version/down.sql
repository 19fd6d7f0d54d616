DROP FUNCTION rates.change_data_version();
DROP TABLE rates.data_version;
