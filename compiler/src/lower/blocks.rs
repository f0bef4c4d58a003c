//! Which branch each node belongs to.
//!
//! In: a graph and its roots. Out: for each live node its home block, the innermost that contains all its uses, and the
//! groups of selects that share a branch. A group's selects have one condition, one home and one *level* (how many
//! selects stand below one another), so groups never depend on each other in a circle.

use std::collections::HashMap;

use super::Builder;
use crate::graph::{Graph, NodeId};
use crate::operators::Operator;

/// Branches nested deeper than this are computed eagerly.
const MOST_NESTED: u32 = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct BlockId(pub(super) u32);

/// The outermost block.
pub(super) const ROOT: BlockId = BlockId(0);

pub(super) struct Block {
    /// The group that it is an arm of; the root has none.
    pub(super) group: Option<usize>,
    pub(super) depth: u32,
}

pub(super) struct Group {
    pub(super) home: BlockId,
    pub(super) condition: NodeId,
    pub(super) arms: [BlockId; 2],
    pub(super) selects: Vec<NodeId>,
}

pub(super) struct Blocks {
    pub(super) blocks: Vec<Block>,
    pub(super) groups: Vec<Group>,
    /// `None` for a dead node.
    pub(super) homes: Vec<Option<BlockId>>,
    /// The group of each select that has a branch.
    pub(super) group_of: HashMap<NodeId, usize>,
}

/// Places every node that the roots need.
pub(super) fn place(builder: &Builder, roots: impl IntoIterator<Item = NodeId>) -> Blocks {
    let graph = builder.graph;
    let mut blocks = Blocks {
        blocks: vec![Block { group: None, depth: 0 }],
        groups: Vec::new(),
        homes: vec![None; graph.len()],
        group_of: HashMap::new(),
    };
    for root in roots {
        blocks.homes[root.index()] = Some(ROOT);
    }
    let levels = levels(graph);
    let mut known = HashMap::new();
    for node in graph.nodes().rev() {
        let Some(home) = blocks.homes[node.index()] else { continue };
        let uses = blocks.use_blocks(builder, node, home, &levels, &mut known);
        for (operand, block) in builder.needs(node).zip(uses.into_iter().chain(std::iter::repeat(home))) {
            let old = blocks.homes[operand.node.index()];
            blocks.homes[operand.node.index()] = Some(old.map_or(block, |old| blocks.common(old, block)));
        }
    }
    blocks
}

fn levels(graph: &Graph) -> Vec<u32> {
    let mut levels = vec![0_u32; graph.len()];
    for node in graph.nodes() {
        let below = graph.operands(node).map(|operand| levels[operand.node.index()]).max().unwrap_or(0);
        levels[node.index()] = below + u32::from(graph.as_operator(node) == Some(Operator::Select));
    }
    levels
}

impl Blocks {
    /// The block in which a node uses each of its first operands; what takes more of them uses all at home.
    fn use_blocks(
        &mut self,
        builder: &Builder,
        node: NodeId,
        home: BlockId,
        levels: &[u32],
        known: &mut HashMap<(BlockId, NodeId, u32), usize>,
    ) -> [BlockId; 3] {
        let condition = builder.needs(node).next().filter(|condition| condition.axes.is_empty());
        let depth = self.blocks[home.0 as usize].depth;
        let (Some(Operator::Select), Some(condition)) = (builder.graph.as_operator(node), condition) else {
            return [home; 3];
        };
        if depth >= MOST_NESTED {
            return [home; 3];
        }
        let key = (home, condition.node, levels[node.index()]);
        let group = *known.entry(key).or_insert_with(|| {
            let group = self.groups.len();
            let arms = [BlockId(self.blocks.len() as u32), BlockId(self.blocks.len() as u32 + 1)];
            self.blocks.extend([(); 2].map(|()| Block { group: Some(group), depth: depth + 1 }));
            self.groups.push(Group { home, condition: condition.node, arms, selects: Vec::new() });
            group
        });
        self.groups[group].selects.push(node);
        self.group_of.insert(node, group);
        let arms = self.groups[group].arms;
        [home, arms[0], arms[1]]
    }

    /// The block around a block.
    pub(super) fn parent(&self, block: BlockId) -> BlockId {
        self.blocks[block.0 as usize].group.map_or(ROOT, |group| self.groups[group].home)
    }

    /// The innermost block that contains both.
    fn common(&self, mut left: BlockId, mut right: BlockId) -> BlockId {
        while left != right {
            if self.blocks[left.0 as usize].depth >= self.blocks[right.0 as usize].depth {
                left = self.parent(left);
            } else {
                right = self.parent(right);
            }
        }
        left
    }
}
