//! How strong the jail around vals is here, and whether that is enough.

use super::OWN_EXECUTABLE;
use crate::failure::{Exit, Failure};
use std::path::Path;
use thorp_town::{Found, Layers, Tier, probe};

/// Finds the layers of the jail. Refuses a weak one, unless told to do without.
pub(crate) async fn layers(insecure: bool) -> Result<(Tier, Layers), Failure> {
    let found = find().await;
    match found.tier {
        Tier::A => tracing::debug!("vals run in a jail of tier A"),
        Tier::B => tracing::warn!(
            "vals run in a jail of tier B; `thorp doctor` says what is missing for A"
        ),
        Tier::C if insecure => tracing::warn!(
            "THERE IS NO JAIL AROUND VALS (`--insecure-no-jail`): a hole in Deno is a hole in this machine"
        ),
        Tier::C => return Err(refusal(&found)),
    }
    Ok((found.tier, found.layers))
}

/// What this machine gives.
pub(crate) async fn find() -> Found {
    probe(Path::new(OWN_EXECUTABLE)).await
}

fn refusal(found: &Found) -> Failure {
    let reasons: Vec<String> = found
        .refused
        .iter()
        .map(|refused| format!("  {}: {}", refused.layer, refused.reason))
        .collect();
    Failure::new(Exit::Unavailable, "this machine gives no jail to run vals in")
        .detail(reasons.join("\n"))
        .hint("`thorp doctor` says what to do; `--insecure-no-jail` does without, for vals that you wrote yourself")
}
