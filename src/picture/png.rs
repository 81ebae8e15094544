//! Pictures as PNG, with a font of their own, so that they are alike everywhere.

use std::fmt;
use std::sync::Arc;

use resvg::{tiny_skia, usvg};

use super::Picture;
use super::svg::Screen;

/// Dots for each unit of the drawing.
const SCALE: f32 = 2.0;
/// More dots than this on one side are not drawn.
const MOST: f32 = 16_000.0;

/// Why there is no PNG.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PngError {
    /// The picture is too large for dots.
    TooLarge,
    /// It cannot be written.
    Unwritable,
}

impl fmt::Display for PngError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooLarge => {
                "the picture is too large for PNG: take SVG, or a part of it with `--type`"
            }
            Self::Unwritable => "the picture cannot be written as PNG: take SVG",
        })
    }
}

impl std::error::Error for PngError {}

impl Picture {
    /// The picture as PNG, with two dots for each unit where it is small enough, on a light ground.
    ///
    /// # Errors
    ///
    /// It is too large.
    pub fn to_png(&self) -> Result<Vec<u8>, PngError> {
        let mut fonts = usvg::fontdb::Database::new();
        fonts.load_font_data(epaint_default_fonts::HACK_REGULAR.to_vec());
        fonts.set_monospace_family("Hack");
        let options = usvg::Options {
            fontdb: Arc::new(fonts),
            ..usvg::Options::default()
        };
        let svg = self.drawn(Screen::Light);
        let tree = usvg::Tree::from_str(&svg, &options).map_err(|_| PngError::Unwritable)?;
        let size = tree.size();
        let longest = size.width().max(size.height());
        let scale = if longest * SCALE <= MOST {
            SCALE
        } else {
            MOST / longest
        };
        if scale < 0.5 {
            return Err(PngError::TooLarge);
        }
        let size = size
            .to_int_size()
            .scale_by(scale)
            .ok_or(PngError::TooLarge)?;
        let mut dots =
            tiny_skia::Pixmap::new(size.width(), size.height()).ok_or(PngError::TooLarge)?;
        let transform = tiny_skia::Transform::from_scale(scale, scale);
        resvg::render(&tree, transform, &mut dots.as_mut());
        dots.encode_png().map_err(|_| PngError::Unwritable)
    }
}
