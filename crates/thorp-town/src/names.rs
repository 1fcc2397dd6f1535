//! Names of users and vals: their form, and names for vals that came without one.

use crate::error::{ErrorCode, TownError};
use crate::limits::{USER_NAME_CHARS_MAX, VAL_NAME_CHARS_MAX};

const RULE: &str = "a name begins with a letter and goes on with letters, digits and `_`";

/// Refuses what cannot be the name of a val.
pub(crate) fn check_val_name(name: &str) -> Result<(), TownError> {
    check("val", name, VAL_NAME_CHARS_MAX)
}

/// Refuses what cannot be the name of a user. `me` stands for whoever asks, in code.
pub(crate) fn check_user_name(name: &str) -> Result<(), TownError> {
    check("user", name, USER_NAME_CHARS_MAX)?;
    if name.eq_ignore_ascii_case("me") {
        return Err(TownError::refused(
            ErrorCode::NameInvalid,
            "`me` cannot be the name of a user",
        ));
    }
    Ok(())
}

/// The name without the `@` that people write before it.
pub(crate) fn bare(name: &str) -> &str {
    name.strip_prefix('@').unwrap_or(name)
}

fn check(what: &str, name: &str, chars_max: usize) -> Result<(), TownError> {
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if begins_well
        && name.len() <= chars_max
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    {
        return Ok(());
    }
    let shown: String = name.chars().take(chars_max + 1).collect();
    Err(TownError::hinted(
        ErrorCode::NameInvalid,
        format!("`{shown}` cannot be the name of a {what}"),
        format!("{RULE}, at most {chars_max} characters"),
    ))
}

/// A name for a val that came without one, such as `untitled_magentaMarmoset`. `random` picks it.
pub(crate) fn untitled(random: u64) -> String {
    let colour = COLOURS[(random % COLOURS.len() as u64) as usize];
    let animal = ANIMALS[(random / COLOURS.len() as u64 % ANIMALS.len() as u64) as usize];
    format!("untitled_{colour}{animal}")
}

/// A longer one, for when the short one is taken.
pub(crate) fn untitled_numbered(random: u64) -> String {
    format!("{}{}", untitled(random), 2 + random / 4096 % 9_998)
}

const COLOURS: [&str; 64] = [
    "amber",
    "apricot",
    "aqua",
    "azure",
    "beige",
    "black",
    "blue",
    "bronze",
    "brown",
    "cerise",
    "cherry",
    "cobalt",
    "copper",
    "coral",
    "cream",
    "crimson",
    "cyan",
    "ebony",
    "emerald",
    "fuchsia",
    "gold",
    "green",
    "grey",
    "honey",
    "indigo",
    "ivory",
    "jade",
    "khaki",
    "lavender",
    "lemon",
    "lilac",
    "lime",
    "magenta",
    "maroon",
    "mauve",
    "mint",
    "mustard",
    "navy",
    "ochre",
    "olive",
    "orange",
    "orchid",
    "peach",
    "pearl",
    "pink",
    "plum",
    "purple",
    "red",
    "rose",
    "ruby",
    "rust",
    "saffron",
    "sage",
    "salmon",
    "scarlet",
    "sepia",
    "silver",
    "tan",
    "teal",
    "turquoise",
    "umber",
    "violet",
    "white",
    "yellow",
];

const ANIMALS: [&str; 64] = [
    "Alpaca", "Antelope", "Badger", "Bear", "Beaver", "Bison", "Buzzard", "Camel", "Capybara",
    "Cat", "Cheetah", "Cod", "Condor", "Crane", "Cricket", "Crow", "Deer", "Dog", "Dolphin",
    "Eagle", "Elk", "Falcon", "Ferret", "Finch", "Fox", "Gazelle", "Gecko", "Gibbon", "Goose",
    "Hare", "Hawk", "Heron", "Horse", "Ibex", "Jackal", "Jay", "Koala", "Lemur", "Lion", "Lynx",
    "Magpie", "Marmoset", "Marten", "Mole", "Moose", "Newt", "Otter", "Owl", "Panda", "Penguin",
    "Pheasant", "Quail", "Rabbit", "Raven", "Robin", "Salmon", "Seal", "Shrew", "Sparrow", "Stoat",
    "Swan", "Tapir", "Toad", "Wombat",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_vals() {
        for good in [
            "a",
            "hello",
            "untitled_magentaMarmoset",
            "A1_",
            &"x".repeat(48),
        ] {
            assert!(check_val_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "1a",
            "_a",
            "a-b",
            "a.b",
            "ä",
            "a b",
            "@a",
            &"x".repeat(49),
        ] {
            assert!(check_val_name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn nobody_is_called_me() {
        assert!(check_user_name("Me").is_err());
        assert!(check_val_name("me").is_ok());
    }

    #[test]
    fn made_names_are_names() {
        for random in (0..u64::MAX).step_by(usize::MAX / 999) {
            assert!(check_val_name(&untitled(random)).is_ok());
            assert!(check_val_name(&untitled_numbered(random)).is_ok());
        }
    }
}
