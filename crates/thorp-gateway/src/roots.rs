//! Whom TLS trusts: which certificate authorities, and where they come from. It opens no connection.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

/// Whom TLS trusts.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// The authorities of this machine, see [`Authorities::find`].
    #[default]
    Machine,
    /// These only.
    Given(Vec<CertificateDer<'static>>),
}

/// Where authorities come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// `SSL_CERT_FILE` or `SSL_CERT_DIR` names them.
    Told,
    /// The system has them.
    System,
    /// The system has none: those of Mozilla's list, which this program brings along.
    Bundled,
}

/// Certificate authorities.
#[derive(Clone, Debug)]
pub struct Authorities {
    /// Their certificates; those that cannot be used are left out.
    pub certificates: Vec<CertificateDer<'static>>,
    /// Where they come from.
    pub source: Source,
    /// What could not be read of the source.
    pub errors: Vec<String>,
}

/// The variables that name authorities instead of the system's.
const VARIABLES: [&str; 2] = ["SSL_CERT_FILE", "SSL_CERT_DIR"];

impl Authorities {
    /// Those that this process is told of by its environment, or else the system's, or else the bundled ones. Whoever names
    /// some means them: what cannot be read there is replaced by nothing.
    #[must_use]
    pub fn find() -> Self {
        let is_told = VARIABLES
            .into_iter()
            .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
        let found = rustls_native_certs::load_native_certs();
        let errors = found.errors.iter().map(ToString::to_string).collect();
        Self::choose(found.certs, errors, is_told)
    }

    fn choose(found: Vec<CertificateDer<'static>>, errors: Vec<String>, is_told: bool) -> Self {
        let certificates: Vec<_> = found.into_iter().filter(is_usable).collect();
        let source = match (is_told, certificates.is_empty()) {
            (true, _) => Source::Told,
            (false, false) => Source::System,
            (false, true) => Source::Bundled,
        };
        Self {
            certificates: match source {
                Source::Bundled => webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec(),
                _ => certificates,
            },
            source,
            errors,
        }
    }
}

fn is_usable(certificate: &CertificateDer<'static>) -> bool {
    RootCertStore::empty().add(certificate.clone()).is_ok()
}

impl Roots {
    /// The certificates, and whether sandboxes need to be told of them: those of the system and of Mozilla's list they have
    /// themselves, as near as makes no difference.
    pub(crate) fn resolve(self) -> (Vec<CertificateDer<'static>>, bool) {
        let authorities = match self {
            Self::Given(certificates) => return (certificates, true),
            Self::Machine => Authorities::find(),
        };
        let (count, source) = (authorities.certificates.len(), authorities.source);
        tracing::debug!(count, ?source, errors = ?authorities.errors, "certificate authorities");
        if count == 0 {
            let errors = authorities.errors;
            tracing::warn!(
                ?errors,
                "no certificate authorities: vals and packages can't use https"
            );
        }
        (authorities.certificates, source == Source::Told)
    }
}

/// Certificates as a text that programs read.
pub(crate) fn pem(certificates: &[CertificateDer<'_>]) -> String {
    certificates.iter().map(block).collect()
}

fn block(certificate: &CertificateDer<'_>) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(certificate);
    let mut text = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = body.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(PEM_LINE_CHARS));
        text.push_str(line);
        text.push('\n');
        rest = after;
    }
    text + "-----END CERTIFICATE-----\n"
}

/// RFC 7468, section 2.
const PEM_LINE_CHARS: usize = 64;

#[cfg(test)]
mod tests {
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject as _;

    use super::{Authorities, Source, pem};

    fn own() -> CertificateDer<'static> {
        let made = rcgen::generate_simple_self_signed(vec!["town.test".to_owned()]).unwrap();
        made.cert.der().clone()
    }

    #[test]
    fn the_systems_authorities_are_used_where_there_are_any() {
        let found = Authorities::choose(vec![own()], Vec::new(), false);
        assert_eq!(
            (found.certificates.len(), found.source),
            (1, Source::System)
        );
    }

    #[test]
    fn a_system_without_authorities_has_the_bundled_ones() {
        let broken = vec![CertificateDer::from(b"no certificate".to_vec())];
        for found in [Vec::new(), broken] {
            let found = Authorities::choose(found, vec!["gone".to_owned()], false);
            assert_eq!(found.source, Source::Bundled);
            let usable = found
                .certificates
                .iter()
                .filter(|one| super::is_usable(one));
            assert!(usable.count() > 100);
        }
    }

    #[test]
    fn what_is_told_is_replaced_by_nothing() {
        let found = Authorities::choose(Vec::new(), vec!["no such file".to_owned()], true);
        assert_eq!((found.certificates.len(), found.source), (0, Source::Told));
        assert_eq!(found.errors, ["no such file"]);
    }

    #[test]
    fn certificates_are_written_as_programs_read_them() {
        let all = [own(), own()];
        let text = pem(&all);
        let read: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes())
            .map(Result::unwrap)
            .collect();
        assert_eq!(read, all);
        assert!(text.lines().all(|line| line.len() <= 64));
    }
}
