//! The invented market: which routes have offers, how many per day, and the price of each.

use crate::{
    ports::{Port, Sea, ports},
    random::{below, mix, of_text},
};

/// January and February 2021.
pub(crate) const DAYS: u32 = 59;

/// The example route of the documents. Its number of offers per day is fixed: three, except on these days.
const EXAMPLE: (&str, &str) = ("CNGGZ", "EETLL");
const EXAMPLE_OFFERS: [(u32, u64); 4] = [(9, 2), (16, 1), (23, 0), (27, 4)];

/// The routes that have prices in the demo data, in the order of the ports. Every other pair of ports is empty.
pub fn routes() -> Vec<(&'static str, &'static str)> {
    offered().map(|(orig, dest)| (orig.code, dest.code)).collect()
}

/// The same as [`routes`], with the ports' data.
pub(crate) fn offered() -> impl Iterator<Item = (&'static Port, &'static Port)> {
    ports()
        .iter()
        .flat_map(|orig| ports().iter().map(move |dest| (orig, dest)))
        .filter(|(orig, dest)| is_offered(orig, dest))
}

fn is_offered(orig: &Port, dest: &Port) -> bool {
    if (orig.code, dest.code) == EXAMPLE {
        return true;
    }
    // The percentage of a trade's port pairs for which a forwarder quotes.
    let quoted = match (coast(orig.sea), coast(dest.sea)) {
        (Coast::Asia, Coast::Europe) => 28,
        (Coast::Asia, Coast::America) => 22,
        (Coast::Europe, Coast::America) => 12,
        (Coast::Europe | Coast::America, Coast::Asia) => 6,
        (Coast::America, Coast::Europe) => 8,
        // Feeder services within a coast are not quoted.
        (Coast::Asia, Coast::Asia) | (Coast::Europe, Coast::Europe) | (Coast::America, Coast::America) => 0,
    };
    below(route_seed(orig.code, dest.code), 100) < quoted
}

enum Coast {
    Asia,
    Europe,
    America,
}

fn coast(sea: Sea) -> Coast {
    match sea {
        Sea::EastAsia | Sea::Malacca => Coast::Asia,
        Sea::Mediterranean | Sea::NorthSea | Sea::Baltic => Coast::Europe,
        Sea::AtlanticUs | Sea::GulfUs | Sea::PacificUs => Coast::America,
    }
}

/// The seed of all numbers of a route.
pub(crate) fn route_seed(orig: &str, dest: &str) -> u64 {
    of_text(orig) ^ of_text(dest).rotate_left(17)
}

/// The number of offers on a day: usually three or more, sometimes one or two, rarely none.
pub(crate) fn offers(orig: &str, dest: &str, day: u32) -> u64 {
    if (orig, dest) == EXAMPLE {
        return EXAMPLE_OFFERS
            .iter()
            .find(|(special, _)| *special == day)
            .map_or(3, |(_, offers)| *offers);
    }
    match below(route_seed(orig, dest) ^ mix(u64::from(day)), 100) {
        0..2 => 0,
        2..5 => 1,
        5..10 => 2,
        10..88 => 3,
        88..97 => 4,
        _ => 5,
    }
}

/// A route's price level in whole US dollars for a forty-foot container: handling plus a rate per mile, which is higher in
/// the direction of the full containers.
pub(crate) fn base_price(orig: &Port, dest: &Port) -> u64 {
    let by_sea = orig.sea.nautical_miles_to(dest.sea);
    let along = if by_sea == 0 {
        orig.miles_from_hub.abs_diff(dest.miles_from_hub).max(100)
    } else {
        orig.miles_from_hub / 2 + dest.miles_from_hub / 2
    };
    let percent = match (coast(orig.sea), coast(dest.sea)) {
        (Coast::Asia, Coast::Europe | Coast::America) => 125,
        (Coast::Europe | Coast::America, Coast::Asia) => 55,
        _ => 100,
    };
    260 + (by_sea + along) * 11 * percent / 10_000
}

/// The price of one offer: the level, with a slow drift over the days, a spread over the offers, and a step per forwarder
/// every few days.
pub(crate) fn price(route_seed: u64, base_price: u64, day: u32, offer: u64) -> u64 {
    let day = u64::from(day);
    let period = 40 + below(route_seed ^ 1, 120);
    let phase = (day + below(route_seed ^ 2, period)) % period;
    // A triangle wave from 0 to 90 per mille.
    let drift = phase.min(period - phase) * 180 / period;
    let spread = below(route_seed ^ mix(offer), 160);
    let step = below(route_seed ^ mix(offer ^ ((day / 3) << 8)), 12);
    // Together 875 to 1137 per mille of the level.
    base_price * (875 + drift + spread + step) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_route_has_a_thin_and_an_empty_day_in_january() {
        let january: Vec<u64> = (0..31).map(|day| offers("CNGGZ", "EETLL", day)).collect();
        assert!(january.contains(&0) && january.contains(&1) && january.contains(&2));
        assert!(january.iter().filter(|offers| **offers >= 3).count() >= 28);
    }

    #[test]
    fn several_hundred_routes_are_offered_and_most_pairs_are_empty() {
        let routes = routes();
        assert!((300..900).contains(&routes.len()), "{}", routes.len());
        assert!(routes.contains(&("CNGGZ", "EETLL")));
        assert!(routes.iter().all(|(orig, dest)| orig != dest));
    }

    #[test]
    fn most_days_have_three_offers_and_some_have_fewer() {
        let mut days = [0_u32; 6];
        for (orig, dest) in offered() {
            for day in 0..DAYS {
                days[usize::try_from(offers(orig.code, dest.code, day)).unwrap()] += 1;
            }
        }
        let all: u32 = days.iter().sum();
        assert!(days[3..].iter().sum::<u32>() * 100 > all * 85, "{days:?}");
        assert!(days.iter().all(|count| *count > 0), "{days:?}");
    }

    #[test]
    fn prices_depend_on_the_distance_and_stay_near_their_level() {
        for (orig, dest) in offered() {
            let base = base_price(orig, dest);
            assert!((400..2_500).contains(&base), "{} {} {base}", orig.code, dest.code);
            for day in 0..1_200 {
                let price = price(route_seed(orig.code, dest.code), base, day, 0);
                assert!(price * 100 >= base * 87 && price * 100 <= base * 114);
            }
        }
    }
}
