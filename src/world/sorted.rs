//! A sorted set of which a copy shares all that has not changed.

use std::sync::Arc;

/// How many elements a chunk has at most.
const CHUNK: usize = 128;

/// A sorted set in chunks. A copy costs nothing; a change of a copied one copies one chunk and the
/// list of them, and of one that nobody else has nothing.
#[derive(Clone, Debug)]
pub(super) struct Sorted<T> {
    /// None of them empty.
    chunks: Arc<Vec<Arc<Vec<T>>>>,
}

impl<T> Default for Sorted<T> {
    fn default() -> Self {
        Self {
            chunks: Arc::default(),
        }
    }
}

impl<T: Ord + Clone> Sorted<T> {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// The chunk in which an element would stand.
    fn chunk(&self, element: &T) -> usize {
        let chunks = &self.chunks;
        let after = chunks.partition_point(|chunk| chunk.last().is_some_and(|last| last < element));
        after.min(chunks.len().saturating_sub(1))
    }

    pub(super) fn contains(&self, element: &T) -> bool {
        let chunk = self.chunks.get(self.chunk(element));
        chunk.is_some_and(|chunk| chunk.binary_search(element).is_ok())
    }

    /// Adds an element; whether it is new.
    pub(super) fn insert(&mut self, element: T) -> bool {
        let index = self.chunk(&element);
        let Some(chunk) = self.chunks.get(index) else {
            self.chunks = Arc::new(vec![Arc::new(vec![element])]);
            return true;
        };
        let Err(at) = chunk.binary_search(&element) else {
            return false;
        };
        let chunks = Arc::make_mut(&mut self.chunks);
        let Some(chunk) = chunks.get_mut(index).map(Arc::make_mut) else {
            return false;
        };
        chunk.insert(at, element);
        if chunk.len() > CHUNK {
            let rest = chunk.split_off(chunk.len() / 2);
            chunks.insert(index + 1, Arc::new(rest));
        }
        true
    }

    /// Takes an element away; whether it was there.
    pub(super) fn remove(&mut self, element: &T) -> bool {
        let index = self.chunk(element);
        let Some(chunk) = self.chunks.get(index) else {
            return false;
        };
        let Ok(at) = chunk.binary_search(element) else {
            return false;
        };
        let chunks = Arc::make_mut(&mut self.chunks);
        if let Some(chunk) = chunks.get_mut(index).map(Arc::make_mut) {
            chunk.remove(at);
            if chunk.is_empty() {
                chunks.remove(index);
            }
        }
        true
    }

    pub(super) fn iter(&self) -> Iter<'_, T> {
        Iter {
            chunks: self.chunks.iter(),
            elements: &[],
        }
    }

    /// The elements from this one on.
    pub(super) fn from(&self, element: &T) -> Iter<'_, T> {
        let index = self.chunk(element);
        let mut chunks = self.chunks.iter();
        let first = if index == 0 {
            chunks.next()
        } else {
            chunks.nth(index)
        };
        let elements = first.map_or(&[][..], |chunk| {
            let start = chunk.partition_point(|other| other < element);
            chunk.get(start..).unwrap_or(&[])
        });
        Iter { chunks, elements }
    }
}

/// The elements of a [`Sorted`] in order.
#[derive(Debug)]
pub(super) struct Iter<'s, T> {
    chunks: std::slice::Iter<'s, Arc<Vec<T>>>,
    elements: &'s [T],
}

impl<T> Clone for Iter<'_, T> {
    fn clone(&self) -> Self {
        Self {
            chunks: self.chunks.clone(),
            elements: self.elements,
        }
    }
}

impl<'s, T> Iter<'s, T> {
    /// How many are left at most.
    pub(super) fn at_most(&self) -> usize {
        self.elements.len() + self.chunks.len() * CHUNK
    }

    /// The next element, which stays.
    pub(super) fn peek(&mut self) -> Option<&'s T> {
        while self.elements.is_empty() {
            self.elements = self.chunks.next()?;
        }
        self.elements.first()
    }
}

impl<'s, T> Iterator for Iter<'s, T> {
    type Item = &'s T;

    fn next(&mut self) -> Option<&'s T> {
        let first = self.peek()?;
        self.elements = self.elements.get(1..).unwrap_or(&[]);
        Some(first)
    }
}
