//! Calendar days, counted from 2021-01-01.

/// The day `index` days after 2021-01-01, as `YYYY-MM-DD`.
pub fn day_text(index: u32) -> String {
    let (year, month, day) = civil(index);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Year, month and day of `index` days after 2021-01-01 (proleptic Gregorian).
fn civil(index: u32) -> (u32, u32, u32) {
    let mut year = 2021;
    let mut day = index;
    while day >= days_of_year(year) {
        day -= days_of_year(year);
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    (year, month, day + 1)
}

fn days_of_year(year: u32) -> u32 {
    if is_leap(year) { 366 } else { 365 }
}

fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

#[cfg(test)]
mod tests {
    use super::day_text;

    #[test]
    fn months_years_and_the_leap_day_are_counted() {
        for (index, text) in [
            (0, "2021-01-01"),
            (30, "2021-01-31"),
            (31, "2021-02-01"),
            (58, "2021-02-28"),
            (59, "2021-03-01"),
            (364, "2021-12-31"),
            (365, "2022-01-01"),
            (1154, "2024-02-29"),
            (1155, "2024-03-01"),
        ] {
            assert_eq!(day_text(index), text);
        }
    }
}
