fn the_header_is_missing() {}
