//! The ports: UN/LOCODE codes and names, each with its region and its position at sea.

/// A sea area with a hub port; distances between hubs are in [`Sea::nautical_miles_to`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sea {
    /// Hub: Shanghai.
    EastAsia,
    /// Hub: Singapore.
    Malacca,
    /// Hub: Algeciras.
    Mediterranean,
    /// Hub: Rotterdam.
    NorthSea,
    /// Hub: Gdansk.
    Baltic,
    /// Hub: New York.
    AtlanticUs,
    /// Hub: Houston.
    GulfUs,
    /// Hub: Los Angeles.
    PacificUs,
}

impl Sea {
    /// The usual sea route between two hubs, in nautical miles, rounded to a hundred; 0 to itself.
    pub fn nautical_miles_to(self, other: Self) -> u64 {
        // Upper triangle in the order of the enum.
        const MILES: [[u64; 8]; 8] = [
            [0, 2_200, 9_000, 10_500, 11_200, 10_600, 10_100, 5_700],
            [2_200, 0, 6_900, 8_300, 9_000, 10_100, 11_500, 7_700],
            [9_000, 6_900, 0, 1_400, 2_200, 3_200, 4_600, 7_700],
            [10_500, 8_300, 1_400, 0, 800, 3_400, 5_000, 7_800],
            [11_200, 9_000, 2_200, 800, 0, 4_000, 5_700, 8_600],
            [10_600, 10_100, 3_200, 3_400, 4_000, 0, 1_900, 4_900],
            [10_100, 11_500, 4_600, 5_000, 5_700, 1_900, 0, 4_300],
            [5_700, 7_700, 7_700, 7_800, 8_600, 4_900, 4_300, 0],
        ];
        MILES[self as usize][other as usize]
    }
}

/// A sea port.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Port {
    /// UN/LOCODE: two characters for the country, three for the location.
    pub code: &'static str,
    /// The name in UN/LOCODE, or the common one.
    pub name: &'static str,
    /// Its region.
    pub region: &'static str,
    /// Its sea area.
    pub sea: Sea,
    /// Approximate nautical miles from the hub of its sea area.
    pub miles_from_hub: u64,
}

/// Every port of the demo data.
pub fn ports() -> &'static [Port] {
    PORTS
}

const fn at(code: &'static str, name: &'static str, region: &'static str, sea: Sea, miles: u64) -> Port {
    Port {
        code,
        name,
        region,
        sea,
        miles_from_hub: miles,
    }
}

const PORTS: &[Port] = &[
    at("CNDAL", "Dalian", "china_north_main", Sea::EastAsia, 550),
    at("CNTXG", "Tianjin Xingang", "china_north_main", Sea::EastAsia, 700),
    at("CNSGH", "Shanghai", "china_east_main", Sea::EastAsia, 0),
    at("CNNBO", "Ningbo", "china_east_main", Sea::EastAsia, 110),
    at("CNQIN", "Qingdao", "china_east_main", Sea::EastAsia, 390),
    at("CNXAM", "Xiamen", "china_east_main", Sea::EastAsia, 560),
    at("CNGGZ", "Guangzhou", "china_south_main", Sea::EastAsia, 910),
    at("CNYTN", "Yantian", "china_south_main", Sea::EastAsia, 830),
    at("CNSHK", "Shekou", "china_south_main", Sea::EastAsia, 850),
    at("HKHKG", "Hong Kong", "china_south_main", Sea::EastAsia, 820),
    at("JPTYO", "Tokyo", "japan_main", Sea::EastAsia, 1_050),
    at("JPYOK", "Yokohama", "japan_main", Sea::EastAsia, 1_040),
    at("JPNGO", "Nagoya", "japan_main", Sea::EastAsia, 940),
    at("JPUKB", "Kobe", "japan_main", Sea::EastAsia, 790),
    at("KRPUS", "Busan", "korea_main", Sea::EastAsia, 490),
    at("KRINC", "Incheon", "korea_main", Sea::EastAsia, 500),
    at("KRKAN", "Gwangyang", "korea_main", Sea::EastAsia, 450),
    at("SGSIN", "Singapore", "south_east_asia_main", Sea::Malacca, 0),
    at("MYPKG", "Port Klang", "south_east_asia_main", Sea::Malacca, 210),
    at(
        "MYTPP",
        "Tanjung Pelepas",
        "south_east_asia_main",
        Sea::Malacca,
        30,
    ),
    at("THLCH", "Laem Chabang", "south_east_asia_main", Sea::Malacca, 790),
    at("NLRTM", "Rotterdam", "north_europe_main", Sea::NorthSea, 0),
    at("NLAMS", "Amsterdam", "north_europe_sub", Sea::NorthSea, 70),
    at("BEANR", "Antwerpen", "north_europe_main", Sea::NorthSea, 120),
    at("BEZEE", "Zeebrugge", "north_europe_main", Sea::NorthSea, 80),
    at("DEHAM", "Hamburg", "north_europe_main", Sea::NorthSea, 300),
    at("DEBRV", "Bremerhaven", "north_europe_main", Sea::NorthSea, 250),
    at("DEWVN", "Wilhelmshaven", "north_europe_sub", Sea::NorthSea, 230),
    at("FRLEH", "Le Havre", "north_europe_main", Sea::NorthSea, 250),
    at("FRDKK", "Dunkerque", "north_europe_sub", Sea::NorthSea, 110),
    at("IEDUB", "Dublin", "north_europe_sub", Sea::NorthSea, 640),
    at("GBFXT", "Felixstowe", "uk_main", Sea::NorthSea, 120),
    at("GBSOU", "Southampton", "uk_main", Sea::NorthSea, 240),
    at("GBLGP", "London Gateway Port", "uk_main", Sea::NorthSea, 160),
    at("GBLIV", "Liverpool", "uk_sub", Sea::NorthSea, 690),
    at("GBIMM", "Immingham", "uk_sub", Sea::NorthSea, 200),
    at("GBTEE", "Teesport", "uk_sub", Sea::NorthSea, 260),
    at("GBGRG", "Grangemouth", "uk_sub", Sea::NorthSea, 390),
    at("EETLL", "Tallinn", "baltic_main", Sea::Baltic, 410),
    at("LVRIX", "Riga", "baltic_main", Sea::Baltic, 340),
    at("LTKLJ", "Klaipeda", "baltic_main", Sea::Baltic, 120),
    at("FIHEL", "Helsinki", "finland_main", Sea::Baltic, 430),
    at("FIKTK", "Kotka", "finland_main", Sea::Baltic, 480),
    at("FIRAU", "Rauma", "finland_main", Sea::Baltic, 450),
    at("PLGDN", "Gdansk", "poland_main", Sea::Baltic, 0),
    at("PLGDY", "Gdynia", "poland_main", Sea::Baltic, 10),
    at("PLSZZ", "Szczecin", "baltic", Sea::Baltic, 220),
    at("SEGOT", "Göteborg", "kattegat", Sea::NorthSea, 510),
    at("SEHEL", "Helsingborg", "kattegat", Sea::NorthSea, 600),
    at("SEMMA", "Malmö", "kattegat", Sea::Baltic, 290),
    at("DKAAR", "Århus", "kattegat", Sea::NorthSea, 570),
    at("DKCPH", "København", "kattegat", Sea::Baltic, 300),
    at("SESTO", "Stockholm", "stockholm_area", Sea::Baltic, 360),
    at("SEGVX", "Gävle", "stockholm_area", Sea::Baltic, 440),
    at("NOOSL", "Oslo", "norway_south_east", Sea::NorthSea, 560),
    at("NOKRS", "Kristiansand", "norway_south_east", Sea::NorthSea, 400),
    at("NOBGO", "Bergen", "norway_south_west", Sea::NorthSea, 560),
    at("NOSVG", "Stavanger", "norway_south_west", Sea::NorthSea, 460),
    at("NOAES", "Ålesund", "scandinavia", Sea::NorthSea, 690),
    at("ESALG", "Algeciras", "mediterranean_west", Sea::Mediterranean, 0),
    at("ESVLC", "Valencia", "mediterranean_west", Sea::Mediterranean, 400),
    at(
        "ESBCN",
        "Barcelona",
        "mediterranean_west",
        Sea::Mediterranean,
        520,
    ),
    at(
        "FRFOS",
        "Fos-sur-Mer",
        "mediterranean_west",
        Sea::Mediterranean,
        690,
    ),
    at("ITGOA", "Genova", "mediterranean_west", Sea::Mediterranean, 850),
    at(
        "ITGIT",
        "Gioia Tauro",
        "mediterranean_west",
        Sea::Mediterranean,
        1_050,
    ),
    at("SIKOP", "Koper", "mediterranean_east", Sea::Mediterranean, 1_680),
    at(
        "GRPIR",
        "Piraeus",
        "mediterranean_east",
        Sea::Mediterranean,
        1_480,
    ),
    at("TRMER", "Mersin", "mediterranean_east", Sea::Mediterranean, 1_940),
    at("USNYC", "New York", "us_east_coast", Sea::AtlanticUs, 0),
    at("USBAL", "Baltimore", "us_east_coast", Sea::AtlanticUs, 410),
    at("USORF", "Norfolk", "us_east_coast", Sea::AtlanticUs, 290),
    at("USCHS", "Charleston", "us_east_coast", Sea::AtlanticUs, 630),
    at("USSAV", "Savannah", "us_east_coast", Sea::AtlanticUs, 700),
    at("USHOU", "Houston", "us_gulf_coast", Sea::GulfUs, 0),
    at("USMSY", "New Orleans", "us_gulf_coast", Sea::GulfUs, 450),
    at("USLAX", "Los Angeles", "us_west_coast", Sea::PacificUs, 0),
    at("USOAK", "Oakland", "us_west_coast", Sea::PacificUs, 370),
    at("USSEA", "Seattle", "us_west_coast", Sea::PacificUs, 1_150),
];

#[cfg(test)]
mod tests {
    use super::{Sea, ports};
    use crate::regions::regions;

    #[test]
    fn every_port_is_well_formed_unique_and_in_a_known_region() {
        let mut seen = std::collections::HashSet::new();
        for port in ports() {
            assert!(
                port.code.len() == 5 && port.code.chars().all(|c| c.is_ascii_uppercase()),
                "{}",
                port.code
            );
            assert!(seen.insert(port.code), "{} is there twice", port.code);
            assert!(
                regions().iter().any(|region| region.slug == port.region),
                "{}",
                port.code
            );
            assert!(
                !port.name.contains(['\t', '\n', '\\']),
                "{} needs COPY's escapes",
                port.code
            );
        }
        assert!((60..=80).contains(&ports().len()));
    }

    #[test]
    fn distances_are_the_same_there_and_back() {
        let seas = [
            Sea::EastAsia,
            Sea::Malacca,
            Sea::Mediterranean,
            Sea::NorthSea,
            Sea::Baltic,
        ];
        for a in seas
            .into_iter()
            .chain([Sea::AtlanticUs, Sea::GulfUs, Sea::PacificUs])
        {
            for b in seas {
                assert_eq!(a.nautical_miles_to(b), b.nautical_miles_to(a));
                assert_eq!(a.nautical_miles_to(b) == 0, a == b);
            }
        }
    }
}
