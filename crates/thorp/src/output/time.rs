//! Times for people.

use jiff::Timestamp;

/// How long ago an RFC 3339 time was, such as `3m ago`. What is no time is given back as it is.
pub(crate) fn ago(text: &str) -> String {
    text.parse()
        .map_or_else(|_| text.to_owned(), |at| between(at, Timestamp::now()))
}

/// How far off an RFC 3339 time is, such as `in 3d`. What is no time is given back as it is.
pub(crate) fn until(text: &str) -> String {
    text.parse()
        .map_or_else(|_| text.to_owned(), |at| before(at, Timestamp::now()))
}

fn before(at: Timestamp, now: Timestamp) -> String {
    // To the nearest, so that what was just made for `30d` does not end `in 29d`.
    let seconds = at.as_second().saturating_sub(now.as_second());
    match (seconds, seconds.saturating_add(30) / 60) {
        (..=0, _) => "over".to_owned(),
        (1..=59, _) => format!("in {seconds}s"),
        (_, minutes @ ..60) => format!("in {minutes}m"),
        (_, minutes @ 60..1_440) => format!("in {}h", (minutes + 30) / 60),
        (_, minutes) => format!("in {}d", (minutes + 720) / 1_440),
    }
}

fn between(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.as_second().saturating_sub(at.as_second());
    match seconds {
        ..=0 => "now".to_owned(),
        1..=59 => format!("{seconds}s ago"),
        60..=3_599 => format!("{}m ago", seconds / 60),
        3_600..=86_399 => format!("{}h ago", seconds / 3_600),
        _ => format!("{}d ago", seconds / 86_400),
    }
}

/// Microseconds as a length of time with three digits at most before the unit changes, such as `1.4ms`.
pub(crate) fn length(micros: i64) -> String {
    #[expect(
        clippy::cast_precision_loss,
        reason = "shown with one digit after the point"
    )]
    let exact = micros as f64;
    match micros {
        ..1_000 => format!("{micros}us"),
        1_000..1_000_000 => format!("{:.1}ms", exact / 1e3),
        _ => format!("{:.2}s", exact / 1e6),
    }
}

/// Bytes in the largest unit that leaves a whole number before the point, such as `12.5 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    #[expect(
        clippy::cast_precision_loss,
        reason = "shown with one digit after the point"
    )]
    let mut amount = count as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < UNITS.len() {
        amount /= 1024.0;
        unit += 1;
    }
    if unit == 0 {
        format!("{count} B")
    } else {
        format!("{amount:.1} {}", UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_take_the_largest_unit() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let age = |seconds| between(at(0), at(seconds));
        assert_eq!(
            [age(-5), age(59), age(60), age(7_200), age(200_000)],
            ["now", "59s ago", "1m ago", "2h ago", "2d ago"]
        );
    }

    #[test]
    fn ends_take_the_largest_unit() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let end = |seconds| before(at(seconds), at(0));
        assert_eq!(
            [
                end(-5),
                end(0),
                end(59),
                end(61),
                end(7_199),
                end(2_591_998)
            ],
            ["over", "over", "in 59s", "in 1m", "in 2h", "in 30d"]
        );
    }

    #[test]
    fn lengths_and_sizes() {
        assert_eq!(
            [length(950), length(1_400), length(2_500_000)],
            ["950us", "1.4ms", "2.50s"]
        );
        assert_eq!(
            [bytes(10), bytes(1536), bytes(1 << 30)],
            ["10 B", "1.5 KiB", "1.0 GiB"]
        );
    }
}
