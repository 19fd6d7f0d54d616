//! Planted: not as rustfmt writes it.
fn  main( ) {}
