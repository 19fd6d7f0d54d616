DROP TABLE sessions.known_networks;
