//! Which mail server takes the mail of vals, by flag or by environment.

use crate::failure::Failure;
use clap::Args;
use std::path::PathBuf;
use thorp_town::{SmtpConfig, TownError};

/// The mail server of a town.
#[derive(Args, Debug)]
pub(crate) struct MailArgs {
    /// The mail server that takes what vals send, such as `smtps://user@mail.example.com`
    /// [default: mail stays in the outbox]
    #[arg(
        long,
        value_name = "URL",
        env = "THORP_SMTP_URL",
        requires = "smtp_from"
    )]
    smtp_url: Option<String>,
    /// The file with the password for the mail server; `THORP_SMTP_PASSWORD` has it instead
    #[arg(long, value_name = "FILE", env = "THORP_SMTP_PASSWORD_FILE")]
    smtp_password_file: Option<PathBuf>,
    /// Whom mail comes from, such as `Our town <town@example.com>`
    #[arg(long, value_name = "ADDRESS", env = "THORP_SMTP_FROM")]
    smtp_from: Option<String>,
}

impl MailArgs {
    /// The mail server, if one is told.
    pub(crate) fn server(&self) -> Result<Option<SmtpConfig>, Failure> {
        let (Some(url), Some(from)) = (&self.smtp_url, &self.smtp_from) else {
            return Ok(None);
        };
        let config = SmtpConfig::new(url, from, self.password()?);
        config.map(Some).map_err(|error| {
            let failure = Failure::usage(error.to_string());
            match error {
                TownError::Refused {
                    hint: Some(hint), ..
                } => failure.hint(hint),
                _ => failure,
            }
        })
    }

    fn password(&self) -> Result<Option<String>, Failure> {
        let Some(file) = &self.smtp_password_file else {
            let told = std::env::var("THORP_SMTP_PASSWORD").ok();
            return Ok(told.filter(|password| !password.is_empty()));
        };
        let text =
            std::fs::read_to_string(file).map_err(|error| Failure::file("read", file, &error))?;
        Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
    }
}
