//! Converts the errors of MLX into those of a decoder.

use crate::error::DecoderError;
use mlx_rs::error::{AsSliceError, ConversionError, Exception};

impl From<Exception> for DecoderError {
    fn from(exception: Exception) -> DecoderError {
        DecoderError::Mlx(exception.what().to_owned())
    }
}

impl From<AsSliceError> for DecoderError {
    fn from(error: AsSliceError) -> DecoderError {
        DecoderError::Mlx(error.to_string())
    }
}

impl From<ConversionError> for DecoderError {
    fn from(error: ConversionError) -> DecoderError {
        DecoderError::Mlx(error.to_string())
    }
}
