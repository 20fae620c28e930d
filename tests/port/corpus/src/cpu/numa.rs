// SPDX-License-Identifier: Apache-2.0
//! Nodes of memory and CPUs, read from the device tree's numa-node-id and distance-map.

pub const MAX_NODES: usize = 8;
pub const LOCAL_DISTANCE: u8 = 10;
pub const REMOTE_DISTANCE: u8 = 20;

#[derive(Clone, Copy, Default)]
pub struct NumaNode {
    pub id: u32,
    pub start: u64,
    pub size: u64,
    pub cpus: u64,
}

pub struct NumaTopology {
    nodes: [NumaNode; MAX_NODES],
    distance: [[u8; MAX_NODES]; MAX_NODES],
    count: usize,
}

impl NumaTopology {
    pub const fn new() -> Self {
        NumaTopology {
            nodes: [NumaNode { id: 0, start: 0, size: 0, cpus: 0 }; MAX_NODES],
            distance: [[REMOTE_DISTANCE; MAX_NODES]; MAX_NODES],
            count: 0,
        }
    }

    pub fn add_node(&mut self, start: u64, size: u64) -> Option<usize> {
        if self.count == MAX_NODES || size == 0 {
            return None;
        }
        let index = self.count;
        let node = &mut self.nodes[index];
        node.id = index as u32;
        node.start = start;
        node.size = size;
        self.distance[index][index] = LOCAL_DISTANCE;
        self.count += 1;
        Some(index)
    }

    pub fn node_of(&self, address: u64) -> Option<&NumaNode> {
        for i in 0..self.count {
            let node = &self.nodes[i];
            if address >= node.start && address - node.start < node.size {
                return Some(node);
            }
        }
        None
    }

    pub fn set_distance(&mut self, a: usize, b: usize, distance: u8) {
        if a < self.count && b < self.count {
            self.distance[a][b] = distance;
            self.distance[b][a] = distance;
        }
    }

    /// The node nearest to `from` that has the CPU, or `from` itself.
    pub fn nearest(&self, from: usize, cpu: u32) -> usize {
        let mut best = from;
        let mut best_distance = u8::MAX;
        for i in 0..self.count {
            let has_cpu = self.nodes[i].cpus & (1 << cpu) != 0;
            if has_cpu && self.distance[from][i] < best_distance {
                best = i;
                best_distance = self.distance[from][i];
            }
        }
        best
    }

    pub fn total_bytes(&self) -> u64 {
        let mut total: u64 = 0;
        for node in self.nodes.iter().take(self.count) {
            total += node.size;
        }
        total
    }
}
