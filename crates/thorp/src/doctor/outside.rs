//! Whom a town speaks with: whose certificates it trusts, and the mail server.

use super::Check;
use crate::serve::async_runtime;
use crate::serve::mail::MailArgs;
use thorp_runtime::gateway::{Authorities, Source};

/// All checks about the world outside.
pub(super) fn checks(mail: &MailArgs) -> Vec<Check> {
    vec![trust(&Authorities::find()), mail_server(mail)]
}

fn trust(found: &Authorities) -> Check {
    const NAME: &str = "certificates";
    let count = found.certificates.len();
    let errors = found.errors.join("; ");
    match (found.source, errors.as_str()) {
        (Source::System, _) => Check::ok(NAME, format!("{count} authorities of the system")),
        (Source::Bundled, _) => Check::ok(
            NAME,
            format!("the system has no authorities; Thorp brings {count} along"),
        ),
        (Source::Told, "") if count > 0 => Check::ok(
            NAME,
            format!("{count} authorities, named by SSL_CERT_FILE or SSL_CERT_DIR"),
        ),
        (Source::Told, errors) if count > 0 => Check::warning(
            NAME,
            format!(
                "{count} authorities, but not all that SSL_CERT_FILE or SSL_CERT_DIR name: {errors}"
            ),
            FIX,
        ),
        (Source::Told, errors) => Check::failed(
            NAME,
            format!("SSL_CERT_FILE or SSL_CERT_DIR name no authorities: {errors}"),
            FIX,
        ),
    }
}

const FIX: &str =
    "name files with certificates in PEM that this user may read, or unset both variables";

fn mail_server(told: &MailArgs) -> Check {
    const NAME: &str = "mail";
    let server = match told.server() {
        Ok(Some(server)) => server,
        Ok(None) => {
            let finding = "no mail server is told here: what vals send stays in the outbox";
            return Check::ok(NAME, finding);
        }
        Err(failure) => {
            return Check::failed(NAME, failure.message, failure.hint.unwrap_or_default());
        }
    };
    let tried = async_runtime().map(|runtime| runtime.block_on(server.attempt()));
    match tried {
        Ok(Ok(())) => Check::ok(
            NAME,
            format!("{server} answers, and takes the sign-in if there is one"),
        ),
        Ok(Err(reason)) => Check::warning(
            NAME,
            format!("{server} does not take mail now: {reason}"),
            "mail waits and is tried again for days; see docs/reference/email.md",
        ),
        Err(_) => Check::warning(NAME, "could not be tried", "try again"),
    }
}
