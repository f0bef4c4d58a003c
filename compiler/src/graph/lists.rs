//! Interned lists: the axes of edges and the dimensions of slots, which repeat all over a graph.

use std::hash::Hash;

use hashbrown::HashMap;

/// The place of a list in a [`Lists`]; equal lists have equal places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct ListId(u32);

impl ListId {
    /// The empty list.
    pub(super) const EMPTY: Self = Self(0);
}

/// Lists kept once each; the empty list is always the first.
#[derive(Clone, Debug)]
pub(super) struct Lists<T> {
    lists: Vec<Box<[T]>>,
    places: HashMap<Box<[T]>, ListId>,
}

impl<T: Clone + Eq + Hash> Lists<T> {
    pub(super) fn new() -> Self {
        Self { lists: vec![Box::default()], places: HashMap::new() }
    }

    /// The place of a list, new or not.
    pub(super) fn intern(&mut self, list: &[T]) -> ListId {
        if list.is_empty() {
            return ListId::EMPTY;
        }
        if let Some(id) = self.places.get(list) {
            return *id;
        }
        let id = ListId(self.lists.len() as u32);
        self.lists.push(list.into());
        self.places.insert(list.into(), id);
        id
    }

    /// The place of a list that is there.
    pub(super) fn known(&self, list: &[T]) -> Option<ListId> {
        if list.is_empty() { Some(ListId::EMPTY) } else { self.places.get(list).copied() }
    }

    pub(super) fn get(&self, id: ListId) -> &[T] {
        &self.lists[id.0 as usize]
    }
}
