//! Reads GGUF files of version 2 or 3, as their authors specify them (ggml's `docs/gguf.md`):
//! metadata, then the names, shapes and offsets of the tensors, then their data. The reader trusts
//! no count and no length: it checks each against the rest of the file before it allocates
//! anything, and what it keeps refers to the file.

use super::format::Format;
use std::collections::BTreeMap;

/// A GGUF file whose metadata has been read.
#[derive(Debug)]
pub(super) struct Gguf<'g> {
    metadata: BTreeMap<&'g str, Value<'g>>,
    pub(super) tensors: BTreeMap<&'g str, Tensor<'g>>,
}

/// A value of the metadata.
#[derive(Debug)]
enum Value<'g> {
    Whole(i128),
    Float(f64),
    Text(&'g str),
    Texts(Vec<&'g str>),
    /// An array of 32-bit integers, as it is in the file.
    Integers(&'g [u8]),
    /// A boolean, or an array of another type; nothing here needs one.
    Other,
}

/// A tensor as it is in the file.
#[derive(Debug)]
pub(super) struct Tensor<'g> {
    pub(super) format: Format,
    /// Its dimensions, slowest first: the reverse of the order in the file.
    pub(super) shape: Vec<usize>,
    pub(super) bytes: &'g [u8],
}

/// Reads a GGUF file.
///
/// # Errors
/// Says what is wrong with the file.
pub(super) fn read(bytes: &[u8]) -> Result<Gguf<'_>, String> {
    let mut cursor = Cursor { bytes, at: 0 };
    if cursor.take(4)? != b"GGUF" {
        return Err("it is not a GGUF file".to_owned());
    }
    match cursor.u32()? {
        2 | 3 => {}
        version if version.swap_bytes() <= 3 => {
            return Err("it is big-endian, which is not supported".to_owned());
        }
        version => return Err(format!("it has GGUF version {version}; 2 and 3 are supported")),
    }
    let tensors = cursor.u64()?;
    let mut metadata = BTreeMap::new();
    for _ in 0..cursor.u64()? {
        let name = cursor.text()?;
        let kind = cursor.u32()?;
        let value = cursor.value(kind).map_err(|problem| format!("{name}: {problem}"))?;
        if metadata.insert(name, value).is_some() {
            return Err(format!("it has {name} twice"));
        }
    }
    let alignment = match metadata.get("general.alignment") {
        None => 32,
        Some(Value::Whole(value)) => match usize::try_from(*value) {
            Ok(value) if value.is_power_of_two() && (8..=1 << 20).contains(&value) => value,
            _ => return Err(format!("general.alignment is {value}; it must be a power of two from 8 up")),
        },
        Some(_) => return Err("general.alignment is not an integer".to_owned()),
    };
    let mut places = Vec::new();
    for _ in 0..tensors {
        let name = cursor.text()?;
        let place = cursor.array_span().map_err(|problem| format!("tensor {name}: {problem}"))?;
        places.push((name, place));
    }
    // Each tensor begins at the next aligned byte after the one before, so none can overlap
    // another.
    let data = bytes.get(cursor.at.next_multiple_of(alignment)..).unwrap_or_default();
    let mut next = 0_usize;
    let mut found = BTreeMap::new();
    for (name, ArraySpan { format, shape, length, offset }) in places {
        if offset != next as u64 {
            return Err(format!("tensor {name} is at byte {offset} of the data where {next} is expected"));
        }
        let Some(bytes) = next.checked_add(length).and_then(|end| data.get(next..end)) else {
            let there = data.len().saturating_sub(next);
            return Err(format!("tensor {name} claims {length} bytes, but only {there} follow"));
        };
        next = (next + length).next_multiple_of(alignment);
        if found.insert(name, Tensor { format, shape, bytes }).is_some() {
            return Err(format!("it has tensor {name} twice"));
        }
    }
    Ok(Gguf { metadata, tensors: found })
}

impl<'g> Gguf<'g> {
    /// A text of the metadata, if it exists.
    ///
    /// # Errors
    /// The entry is not a text.
    pub(super) fn text(&self, name: &str) -> Result<Option<&'g str>, String> {
        match self.metadata.get(name) {
            None => Ok(None),
            Some(Value::Text(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{name} is not a text")),
        }
    }

    /// An unsigned integer of the metadata, if it exists.
    ///
    /// # Errors
    /// The entry is not an unsigned integer.
    pub(super) fn number(&self, name: &str) -> Result<Option<u64>, String> {
        match self.metadata.get(name) {
            None => Ok(None),
            Some(Value::Whole(value)) => u64::try_from(*value)
                .map(Some)
                .map_err(|_| format!("{name} is {value}; it must not be negative")),
            Some(_) => Err(format!("{name} is not an integer")),
        }
    }

    /// A float of the metadata, if it exists.
    ///
    /// # Errors
    /// The entry is not a float.
    pub(super) fn float(&self, name: &str) -> Result<Option<f64>, String> {
        match self.metadata.get(name) {
            None => Ok(None),
            Some(Value::Float(value)) => Ok(Some(*value)),
            Some(_) => Err(format!("{name} is not a float")),
        }
    }

    /// An array of texts, which must exist.
    ///
    /// # Errors
    /// The entry is missing or not an array of texts.
    pub(super) fn texts(&self, name: &str) -> Result<&[&'g str], String> {
        match self.metadata.get(name) {
            Some(Value::Texts(texts)) => Ok(texts),
            Some(_) => Err(format!("{name} is not an array of texts")),
            None => Err(format!("{name} is missing")),
        }
    }

    /// An array of 32-bit integers, which must exist.
    ///
    /// # Errors
    /// The entry is missing or not an array of 32-bit integers.
    pub(super) fn integers(&self, name: &str) -> Result<impl ExactSizeIterator<Item = i32>, String> {
        match self.metadata.get(name) {
            Some(Value::Integers(bytes)) => {
                Ok(bytes.as_chunks().0.iter().map(|bytes| i32::from_le_bytes(*bytes)))
            }
            Some(_) => Err(format!("{name} is not an array of 32-bit integers")),
            None => Err(format!("{name} is missing")),
        }
    }
}

/// The type, shape and location of a tensor.
struct ArraySpan {
    format: Format,
    shape: Vec<usize>,
    length: usize,
    offset: u64,
}

/// Reads forward through the bytes.
struct Cursor<'g> {
    bytes: &'g [u8],
    at: usize,
}

impl<'g> Cursor<'g> {
    fn take(&mut self, length: usize) -> Result<&'g [u8], String> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..length);
        let taken = taken.ok_or_else(|| {
            format!("it ends early: {length} more bytes are claimed, but only {} follow", rest.len())
        })?;
        self.at += length;
        Ok(taken)
    }

    fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], String> {
        let taken = self.take(LENGTH)?;
        Ok(taken.first_chunk().copied().unwrap_or([0; LENGTH]))
    }

    fn u32(&mut self) -> Result<u32, String> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn u64(&mut self) -> Result<u64, String> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    fn text(&mut self) -> Result<&'g str, String> {
        let length = self.u64()?;
        let bytes = self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
        std::str::from_utf8(bytes).map_err(|error| format!("a text is not UTF-8: {error}"))
    }

    /// Reads a value of a type, by the type's number in the specification.
    fn value(&mut self, kind: u32) -> Result<Value<'g>, String> {
        Ok(match kind {
            6 => Value::Float(f32::from_le_bytes(self.array()?).into()),
            7 => self.take(1).map(|_| Value::Other)?,
            8 => Value::Text(self.text()?),
            9 => self.values()?,
            12 => Value::Float(f64::from_le_bytes(self.array()?)),
            _ => Value::Whole(self.whole(kind)?),
        })
    }

    fn whole(&mut self, kind: u32) -> Result<i128, String> {
        Ok(match kind {
            0 => u8::from_le_bytes(self.array()?).into(),
            1 => i8::from_le_bytes(self.array()?).into(),
            2 => u16::from_le_bytes(self.array()?).into(),
            3 => i16::from_le_bytes(self.array()?).into(),
            4 => self.u32()?.into(),
            5 => i32::from_le_bytes(self.array()?).into(),
            10 => self.u64()?.into(),
            11 => i64::from_le_bytes(self.array()?).into(),
            other => return Err(format!("{other} is not a type of value")),
        })
    }

    /// Reads an array. Every text takes bytes of the file, so a wrong count fails at the end of the
    /// file.
    fn values(&mut self) -> Result<Value<'g>, String> {
        let kind = self.u32()?;
        let count = self.u64()?;
        let size = match kind {
            0 | 1 | 7 => 1,
            2 | 3 => 2,
            4..=6 => 4,
            10..=12 => 8,
            8 => return (0..count).map(|_| self.text()).collect::<Result<_, _>>().map(Value::Texts),
            9 => return Err("arrays of arrays are not supported".to_owned()),
            other => return Err(format!("{other} is not a type of value")),
        };
        let bytes = self.take(usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(size))?;
        Ok(match kind {
            4 | 5 => Value::Integers(bytes),
            _ => Value::Other,
        })
    }

    fn array_span(&mut self) -> Result<ArraySpan, String> {
        let dimensions = self.u32()?;
        if !(1..=4).contains(&dimensions) {
            return Err(format!("it has {dimensions} dimensions; 1 to 4 are possible"));
        }
        let mut shape = Vec::new();
        let mut count = 1_usize;
        for _ in 0..dimensions {
            let size = self.u64()?;
            let wide = usize::try_from(size).ok().filter(|size| *size > 0);
            let product = wide.and_then(|size| count.checked_mul(size));
            let (Some(size), Some(product)) = (wide, product) else {
                return Err(format!("it has a dimension of {size}"));
            };
            count = product;
            shape.push(size);
        }
        let format = Format::of(self.u32()?)?;
        if !shape[0].is_multiple_of(format.weights()) {
            return Err(format!("rows of {} weights are not whole blocks of {}", shape[0], format.weights()));
        }
        let length = (count / format.weights()).checked_mul(format.bytes());
        let length = length.ok_or_else(|| format!("{count} weights are too many"))?;
        shape.reverse();
        Ok(ArraySpan { format, shape, length, offset: self.u64()? })
    }
}
