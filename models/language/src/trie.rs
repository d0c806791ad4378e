//! The tokens of one pass through the model, as a tree: a run of text, and continuations that share
//! their beginnings.

/// A token and its place in the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) token: u32,
    /// The node before it; `None` if it follows the cached text.
    pub(crate) parent: Option<usize>,
    /// How many ancestors it has.
    pub(crate) depth: usize,
}

/// The tokens. Every node comes after its parent.
#[derive(Debug, Default)]
pub(crate) struct Trie {
    nodes: Vec<Node>,
}

impl Trie {
    /// Adds a run of tokens that follows the cached text.
    pub(crate) fn add_line(&mut self, tokens: impl IntoIterator<Item = u32>) {
        tokens.into_iter().fold(None, |parent, token| Some(self.add(parent, token)));
    }

    pub(crate) fn clear(&mut self) {
        self.nodes.clear();
    }

    pub(crate) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The node of `token` after `parent`, which is added if it is missing.
    pub(crate) fn add(&mut self, parent: Option<usize>, token: u32) -> usize {
        // Children come after their parent. A pass has few nodes, and searching them is faster than a map.
        let from = parent.map_or(0, |parent| parent + 1);
        let there = self.nodes[from..].iter().position(|node| node.parent == parent && node.token == token);
        if let Some(there) = there {
            return from + there;
        }
        let depth = parent.map_or(0, |parent| self.nodes[parent].depth + 1);
        self.nodes.push(Node { token, parent, depth });
        self.nodes.len() - 1
    }

    /// Writes into `visible` which nodes `node` may attend to: itself and its ancestors. All others
    /// become false.
    pub(crate) fn ancestor_mask(&self, node: usize, visible: &mut [bool]) {
        visible.fill(false);
        let mut at = Some(node);
        while let Some(node) = at {
            visible[node] = true;
            at = self.nodes[node].parent;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_beginnings_are_there_once() {
        let mut trie = Trie::default();
        let root = trie.add(None, 1);
        let ends: Vec<usize> = [[2, 3, 4], [2, 3, 5], [6, 3, 4]]
            .iter()
            .map(|path| path.iter().fold(root, |at, token| trie.add(Some(at), *token)))
            .collect();
        assert_eq!(ends, [3, 4, 7]);
        assert_eq!(trie.nodes().len(), 8);
        assert_eq!(trie.nodes()[7], Node { token: 4, parent: Some(6), depth: 3 });
        let mut visible = [true; 8];
        trie.ancestor_mask(4, &mut visible);
        assert_eq!(visible, [true, true, true, false, true, false, false, false]);
        trie.clear();
        assert!(trie.nodes().is_empty());
    }
}
