//! Connections by number. A client that cannot reach anybody dials a thousand times a second: of a connection that is over
//! only the number is left.

use crate::ids::{ConnectionId, MachineId, NodeId};
use crate::network::{Connection, Socket, State};

/// Where a connection lies that is over: one stands for all of them. Nothing is sent over it, and nobody reads from it.
const OVER: u32 = 0;

#[derive(Clone, Debug)]
pub(crate) struct Connections {
    /// Where each lies.
    places: Vec<u32>,
    held: Vec<Connection>,
    free: Vec<u32>,
}

impl Default for Connections {
    fn default() -> Connections {
        let over = Connection {
            nodes: [NodeId::World; 2],
            machines: [MachineId(0); 2],
            state: State::Closed,
            sockets: [Socket::default(), Socket::default()],
        };
        Connections { places: Vec::new(), held: vec![over], free: Vec::new() }
    }
}

impl Connections {
    pub fn open(&mut self, connection: Connection) -> ConnectionId {
        let place = match self.free.pop() {
            Some(place) => {
                self.held[place as usize] = connection;
                place
            }
            None => {
                self.held.push(connection);
                self.held.len() as u32 - 1
            }
        };
        self.places.push(place);
        ConnectionId(self.places.len() as u32 - 1)
    }

    pub fn get(&self, id: ConnectionId) -> &Connection {
        &self.held[self.places[id.0 as usize] as usize]
    }

    pub fn get_mut(&mut self, id: ConnectionId) -> &mut Connection {
        &mut self.held[self.places[id.0 as usize] as usize]
    }

    pub fn is_over(&self, id: ConnectionId) -> bool {
        self.places[id.0 as usize] == OVER
    }

    /// Closed at both ends, and nothing is under way: nobody will hear of it again.
    pub fn retire(&mut self, id: ConnectionId) {
        let place = std::mem::replace(&mut self.places[id.0 as usize], OVER);
        if place != OVER {
            self.held[place as usize].sockets = Default::default();
            self.free.push(place);
        }
    }

    /// Those that are not over, by number.
    pub fn ids(&self) -> Vec<ConnectionId> {
        let all = (0..).map(ConnectionId).zip(&self.places);
        all.filter(|(_, place)| **place != OVER).map(|(id, _)| id).collect()
    }

    /// Bytes taken, by estimate.
    pub fn memory(&self) -> usize {
        self.places.len() * size_of::<u32>() + self.held.len() * size_of::<Connection>()
    }
}

#[cfg(test)]
mod tests {
    use super::Connections;
    use crate::ids::{ConnectionId, MachineId, NodeId};
    use crate::network::{Connection, Socket, State};

    #[test]
    fn what_is_over_leaves_its_place_to_the_next() {
        let mut connections = Connections::default();
        let open = |connections: &mut Connections, machine| {
            connections.open(Connection {
                nodes: [NodeId::Controller; 2],
                machines: [MachineId(machine); 2],
                state: State::Established,
                sockets: [Socket::default(), Socket::default()],
            })
        };
        let ids = [1, 2, 3].map(|machine| open(&mut connections, machine));
        assert_eq!(ids, [0, 1, 2].map(ConnectionId));
        connections.retire(ids[1]);
        connections.retire(ids[1]);
        assert_eq!(connections.ids(), [ids[0], ids[2]]);
        assert_eq!((connections.is_over(ids[1]), connections.get(ids[1]).state), (true, State::Closed));
        let taken = connections.memory();
        let next = open(&mut connections, 4);
        assert_eq!((next, connections.get(next).machines[0]), (ConnectionId(3), MachineId(4)));
        assert!(connections.memory() < taken + 16, "it lies where the other one lay");
        assert_eq!(connections.get(ids[2]).machines[0], MachineId(3));
    }
}
