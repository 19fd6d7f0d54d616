//! Planted: not formatted.
fn  main( ) {}
