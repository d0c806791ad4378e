//! Asks the hub about a repository: its commit, and the files of a model with their sizes and
//! digests.
//!
//! hf-hub asks. It can download too, but it checks neither size nor digest, panics on a redirect
//! without a location, and keeps its files in a cache of links. So `fetch` downloads the files,
//! from the addresses that hf-hub gives.

use super::StoreError;
use super::address::without_password;
use super::digest::Digest;
use super::patience::Patience;
use super::source::{Source, is_name};
use hf_hub::api::sync::{Api, ApiBuilder};
use hf_hub::{Repo, RepoType};
use sayso_language::checkpoint::{CONFIG, INDEX, WEIGHTS};
use sayso_language::tokenizer::{CHAT_TEMPLATE, GENERATION_CONFIG, TOKENIZER, TOKENIZER_CONFIG};
use serde::Deserialize;
use std::time::Duration;

/// How long the hub may take to answer. Hand-chosen, 2026-11-23.
const PATIENCE: Duration = Duration::from_secs(30);
/// Limit of an answer, in bytes; real ones are far smaller. Hand-chosen, 2026-11-23.
const LIMIT: u64 = 8 << 20;
/// Limit of the number of files; real models have far fewer. Hand-chosen, 2026-11-23.
const FILES: usize = 1000;
/// Limit of a file that is not weights, in bytes; real ones are far smaller. Hand-chosen, 2026-11-23.
const TEXT_LIMIT: u64 = 128 << 20;

/// A hub of models.
#[derive(Debug)]
pub struct Hub {
    api: Api,
    /// What its servers may do to a download.
    pub(super) patience: Patience,
}

impl Hub {
    /// The public hub, or the one that `HF_ENDPOINT` names.
    ///
    /// # Errors
    /// [`StoreError::Hub`] if the client cannot be created.
    pub fn from_env() -> Result<Hub, StoreError> {
        Hub::build(ApiBuilder::from_env())
    }

    /// The hub at this address, such as `http://127.0.0.1:8080`.
    ///
    /// # Errors
    /// [`StoreError::Hub`] if the client cannot be created.
    pub fn at(endpoint: &str) -> Result<Hub, StoreError> {
        Hub::build(ApiBuilder::from_env().with_endpoint(endpoint.trim_end_matches('/').to_owned()))
    }

    /// The user's token is not sent: the models are public, and the endpoint may be anybody's.
    fn build(builder: ApiBuilder) -> Result<Hub, StoreError> {
        let api = builder.with_token(None).with_progress(false).build();
        let failed = |error: hf_hub::api::sync::ApiError| StoreError::Hub {
            repository: "any repository".to_owned(),
            problem: without_password(&error.to_string()),
        };
        Ok(Hub { api: api.map_err(failed)?, patience: Patience::default() })
    }

    /// The same hub with another patience.
    pub fn with_patience(self, patience: Patience) -> Hub {
        Hub { patience, ..self }
    }

    /// The current commit of a revision, and the files of the model at that commit.
    pub(super) fn listing(&self, source: &Source) -> Result<Listing, StoreError> {
        let Source { repository, revision } = source;
        let failed = |error: ureq::Error| {
            let problem = match error {
                ureq::Error::Timeout(_) => format!("no answer within {} s", PATIENCE.as_secs()),
                error => error.to_string(),
            };
            let problem = format!("{}{}", without_password(&problem), named_hub());
            StoreError::Hub { repository: repository.clone(), problem }
        };
        let wrong = |problem: String| StoreError::Listing { repository: repository.clone(), problem };
        let asked = Repo::with_revision(repository.clone(), RepoType::Model, revision.clone());
        let request = self.api.repo(asked).info_request().query("blobs", "true");
        let mut answer = request.config().timeout_global(Some(PATIENCE)).build().call().map_err(failed)?;
        let text = answer.body_mut().with_config().limit(LIMIT).read_to_vec().map_err(failed)?;
        let url = |commit: &str, name: &str| {
            let pinned = Repo::with_revision(repository.clone(), RepoType::Model, commit.to_owned());
            self.api.repo(pinned).url(name)
        };
        Listing::read(&text, url).map_err(wrong)
    }
}

/// Reads any bytes as the answer of a hub, and says what is wrong with it; returns how many files it lists. For the fuzz
/// targets.
///
/// # Errors
/// What a pull would say.
#[doc(hidden)]
pub fn read_answer(text: &[u8]) -> Result<usize, String> {
    let listing = Listing::read(text, |_, name| name.to_owned())?;
    assert!(listing.files.iter().all(|file| is_wanted(&file.url)), "a file outside of the model");
    Ok(listing.files.len())
}

/// For messages: that `HF_ENDPOINT` names another hub, if it does.
fn named_hub() -> String {
    match std::env::var("HF_ENDPOINT") {
        Ok(endpoint) => format!("; HF_ENDPOINT names the hub {:?}", without_password(&endpoint)),
        Err(_) => String::new(),
    }
}

/// The files of a model at a commit, small ones first, so that errors in them show before the
/// weights are downloaded.
pub(super) struct Listing {
    /// The commit, in hexadecimal.
    pub(super) commit: String,
    pub(super) files: Vec<RemoteFile>,
}

impl Listing {
    /// Reads the answer of a hub; `url` says where a file of a commit is. The error says what is wrong.
    fn read(text: &[u8], url: impl Fn(&str, &str) -> String) -> Result<Listing, String> {
        let stated: Stated = serde_json::from_slice(text)
            .map_err(|error| format!("it is not an answer of a hub ({error}){}", named_hub()))?;
        if !is_hex(&stated.sha, 40) {
            return Err(format!("its commit is {:?}", stated.sha));
        }
        let mut files = Vec::new();
        for sibling in stated.siblings.into_iter().filter(|sibling| is_wanted(&sibling.rfilename)) {
            let url = url(&stated.sha, &sibling.rfilename);
            files.push(sibling.remote(url)?);
        }
        let has = |name: &str| files.iter().any(|file: &RemoteFile| file.name == name);
        if let Some(missing) = [CONFIG, TOKENIZER, TOKENIZER_CONFIG].into_iter().find(|name| !has(name)) {
            return Err(format!("it has no {missing}"));
        }
        if !has(WEIGHTS) && !has(INDEX) {
            return Err(format!("it has neither {WEIGHTS} nor {INDEX}"));
        }
        if files.len() > FILES {
            return Err(format!("it has {} files", files.len()));
        }
        files.sort_by(|one, other| (one.bytes, &one.name).cmp(&(other.bytes, &other.name)));
        match files.windows(2).find(|pair| pair[0].name == pair[1].name) {
            Some(pair) => Err(format!("it has {} twice", pair[0].name)),
            None => Ok(Listing { commit: stated.sha, files }),
        }
    }
}

/// A file on the hub.
pub(super) struct RemoteFile {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) bytes: u64,
    pub(super) digest: Digest,
}

#[derive(Deserialize)]
struct Stated {
    sha: String,
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    blob_id: Option<String>,
    lfs: Option<Lfs>,
}

/// A large file, which is stored outside of the repository.
#[derive(Deserialize)]
struct Lfs {
    sha256: String,
    size: u64,
}

impl Sibling {
    /// The file with its size and digest, or what is wrong with them.
    fn remote(self, url: String) -> Result<RemoteFile, String> {
        let name = self.rfilename;
        let (bytes, digest) = match (self.lfs, self.size, self.blob_id) {
            (Some(lfs), ..) if is_hex(&lfs.sha256, 64) => (lfs.size, Digest::Sha256(lfs.sha256)),
            (None, Some(size), Some(blob)) if is_hex(&blob, 40) => (size, Digest::GitBlob(blob)),
            _ => return Err(format!("{name} has no size or no digest")),
        };
        if bytes > TEXT_LIMIT && !name.ends_with(".safetensors") {
            return Err(format!("{name} has {bytes} bytes; the limit is {TEXT_LIMIT}"));
        }
        Ok(RemoteFile { name, url, bytes, digest })
    }
}

/// Whether a file is downloaded: weights, their index, the configuration, the tokenizer and the chat
/// template. Nothing that could run, no folders, and nothing that steers sayso itself, such as the
/// weight of the model against the tagger or another system prompt: those are the user's.
pub(super) fn is_wanted(name: &str) -> bool {
    const FILES: [&str; 6] = [CONFIG, GENERATION_CONFIG, INDEX, TOKENIZER, TOKENIZER_CONFIG, CHAT_TEMPLATE];
    is_name(name) && (name.ends_with(".safetensors") || FILES.contains(&name))
}

fn is_hex(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_stays_on_the_hub() {
        for name in
            ["config.json", "model-00001-of-00002.safetensors", "chat_template.jinja", "tokenizer.json"]
        {
            assert!(is_wanted(name), "{name}");
        }
        for name in ["mix.json", "system_prompt.txt", "manifest.json", ".chosen", "a/config.json", "x.py"] {
            assert!(!is_wanted(name), "{name}");
        }
    }
}
