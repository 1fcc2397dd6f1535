//! The bundles that were made: files named by the digest of what they were made of, and the newest in memory.

use super::{Bundle, Unusable};
use crate::error::TownError;
use crate::limits::{
    FOREIGN_CACHE_BYTES_MAX, FOREIGN_CACHED_MAX, FOREIGN_REFUSALS_MAX, FOREIGN_SCRIPT_BYTES_MAX,
};
use lru::LruCache;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use thorp_store::Digest;
use uuid::Uuid;

/// The folder of bundles in the data folder.
const FOLDER: &str = "foreign";

/// All bundles. A file never changes.
pub(crate) struct Library {
    folder: PathBuf,
    kept: Mutex<Kept>,
    refused: Mutex<LruCache<[u8; 32], String>>,
}

struct Kept {
    bundles: LruCache<[u8; 32], Arc<Bundle>>,
    bytes: usize,
}

impl Library {
    pub(crate) fn new(data: &Path) -> Result<Self, TownError> {
        let folder = data.join(FOLDER);
        std::fs::create_dir_all(&folder).map_err(|error| TownError::unusable(&folder, &error))?;
        Ok(Self {
            folder,
            kept: Mutex::new(Kept {
                bundles: LruCache::new(at_most(FOREIGN_CACHED_MAX)),
                bytes: 0,
            }),
            refused: Mutex::new(LruCache::new(at_most(FOREIGN_REFUSALS_MAX))),
        })
    }

    /// A bundle that was made before.
    pub(crate) async fn get(&self, digest: Digest) -> Result<Option<Arc<Bundle>>, TownError> {
        if let Some(bundle) = self.kept().bundles.get(&digest.0) {
            return Ok(Some(Arc::clone(bundle)));
        }
        let path = self.path(digest);
        let text = match tokio::fs::read(&path).await {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(TownError::unusable(&path, &error)),
        };
        let bundle: Bundle = serde_json::from_slice(&text).map_err(TownError::internal)?;
        Ok(Some(self.remember(digest, bundle)))
    }

    /// Keeps a bundle: it is in its place whole, or not at all.
    pub(super) async fn keep(
        &self,
        digest: Digest,
        bundle: Bundle,
    ) -> Result<Arc<Bundle>, Unusable> {
        if bundle.script.len() > FOREIGN_SCRIPT_BYTES_MAX {
            let most = FOREIGN_SCRIPT_BYTES_MAX >> 20;
            return Err(Unusable::not(format!(
                "has more than {most} MiB with all that it imports"
            )));
        }
        let path = self.path(digest);
        let text = serde_json::to_vec(&bundle).map_err(Unusable::internal)?;
        let new = self.folder.join(format!("{}.new", Uuid::now_v7()));
        let written = async {
            tokio::fs::write(&new, text).await?;
            tokio::fs::rename(&new, &path).await
        };
        written
            .await
            .map_err(|error| TownError::unusable(&path, &error))?;
        Ok(self.remember(digest, bundle))
    }

    /// Why these parts become no bundle, if that was tried lately.
    pub(super) fn refused(&self, digest: Digest) -> Option<String> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.get(&digest.0).cloned()
    }

    pub(super) fn refuse(&self, digest: Digest, why: String) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.put(digest.0, why);
    }

    fn path(&self, digest: Digest) -> PathBuf {
        self.folder.join(format!("{digest}.json"))
    }

    fn remember(&self, digest: Digest, bundle: Bundle) -> Arc<Bundle> {
        let bundle = Arc::new(bundle);
        let mut kept = self.kept();
        kept.bytes += bytes(&bundle);
        if let Some((_, gone)) = kept.bundles.push(digest.0, Arc::clone(&bundle)) {
            kept.bytes -= bytes(&gone);
        }
        while kept.bytes > FOREIGN_CACHE_BYTES_MAX {
            let Some((_, gone)) = kept.bundles.pop_lru() else {
                break;
            };
            kept.bytes -= bytes(&gone);
        }
        bundle
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn at_most(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN)
}

fn bytes(bundle: &Bundle) -> usize {
    bundle.script.len() + bundle.map.as_ref().map_or(0, String::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle(script: &str) -> Bundle {
        Bundle {
            val: "@bob/lib".to_owned(),
            script: script.to_owned(),
            exports: vec!["default".to_owned()],
            value: None,
            reads: Vec::new(),
            map: None,
        }
    }

    #[tokio::test]
    async fn what_is_kept_is_found_again_after_a_restart() {
        let data = tempfile::tempdir().unwrap();
        let digest = Digest::of(b"parts");
        let library = Library::new(data.path()).unwrap();
        assert!(library.get(digest).await.unwrap().is_none());
        library.keep(digest, bundle("x")).await.unwrap();
        let again = Library::new(data.path()).unwrap();
        assert_eq!(*again.get(digest).await.unwrap().unwrap(), bundle("x"));
    }

    #[tokio::test]
    async fn a_large_script_is_refused() {
        let data = tempfile::tempdir().unwrap();
        let library = Library::new(data.path()).unwrap();
        let large = bundle(&"x".repeat(FOREIGN_SCRIPT_BYTES_MAX + 1));
        let kept = library.keep(Digest::of(b"parts"), large).await;
        assert!(matches!(kept, Err(Unusable::NotImportable(_))));
    }
}
