//! Small sets of nodes: what a form is made of, asked for many times in a search.

use crate::graph::NodeId;

/// A sorted list. Few nodes are meant: in builds without optimisation a tree takes many times as long.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct NodeSet(Vec<NodeId>);

impl NodeSet {
    /// Whether a node is new.
    pub(super) fn insert(&mut self, node: NodeId) -> bool {
        match self.find(node) {
            Ok(_) => false,
            Err(place) => {
                self.0.insert(place, node);
                true
            }
        }
    }

    pub(super) fn contains(&self, node: NodeId) -> bool {
        self.find(node).is_ok()
    }

    /// Where a node stands, or would.
    pub(super) fn find(&self, node: NodeId) -> Result<usize, usize> {
        let (nodes, mut low, mut high) = (self.0.as_slice(), 0, self.0.len());
        while low < high {
            let middle = (low + high) / 2;
            if nodes[middle] == node {
                return Ok(middle);
            }
            if nodes[middle].index() < node.index() {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Err(low)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// In order.
    pub(super) fn iter(&self) -> std::slice::Iter<'_, NodeId> {
        self.0.iter()
    }
}

impl FromIterator<NodeId> for NodeSet {
    fn from_iter<I: IntoIterator<Item = NodeId>>(nodes: I) -> Self {
        let mut nodes = Vec::from_iter(nodes);
        nodes.sort_unstable();
        nodes.dedup();
        Self(nodes)
    }
}
