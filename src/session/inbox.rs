//! The asks that have come, in their order, without the drawings that a newer one makes out of date.

use std::collections::VecDeque;

use async_channel::{Receiver, TryRecvError};

use super::Ask;

pub(super) struct Inbox {
    asks: Receiver<Ask>,
    waiting: VecDeque<Ask>,
    is_closed: bool,
}

impl Inbox {
    pub fn new(asks: Receiver<Ask>) -> Inbox {
        Inbox { asks, waiting: VecDeque::new(), is_closed: false }
    }

    /// The oldest ask that has come, if there is one.
    pub fn waiting(&mut self) -> Option<Ask> {
        loop {
            match self.asks.try_recv() {
                Ok(ask) => self.take(ask),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Closed) => {
                    self.is_closed = true;
                    break;
                }
            }
        }
        self.waiting.pop_front()
    }

    /// The oldest ask, once there is one; `None` where there will be none.
    pub async fn next(&mut self) -> Option<Ask> {
        match self.waiting() {
            Some(ask) => Some(ask),
            None => self.asks.recv().await.ok(),
        }
    }

    /// Whether whoever asked has gone.
    pub fn is_closed(&self) -> bool {
        self.is_closed
    }

    fn take(&mut self, ask: Ask) {
        if matches!(ask, Ask::Recognize { .. }) {
            self.waiting.retain(|older| !matches!(older, Ask::Recognize { .. }));
        }
        self.waiting.push_back(ask);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::Instant;
    use crate::session::{Drawing, Subject};

    fn recognize(number: u64) -> Ask {
        Ask::Recognize { number, subject: Subject::Drawing(Drawing::default()), asked: Instant::now() }
    }

    #[test]
    fn of_drawings_that_pile_up_only_the_newest_is_left_and_nothing_else_is_lost() {
        let (sender, asks) = async_channel::unbounded();
        let mut inbox = Inbox::new(asks);
        for ask in [recognize(1), Ask::Restore, recognize(2), Ask::Encode, recognize(3)] {
            sender.try_send(ask).unwrap();
        }
        assert!(matches!(inbox.waiting(), Some(Ask::Restore)));
        assert!(matches!(inbox.waiting(), Some(Ask::Encode)));
        assert!(matches!(inbox.waiting(), Some(Ask::Recognize { number: 3, .. })));
        assert!(inbox.waiting().is_none() && !inbox.is_closed());
        sender.try_send(Ask::Stop).unwrap();
        drop(sender);
        assert!(matches!(pollster::block_on(inbox.next()), Some(Ask::Stop)));
        assert!(pollster::block_on(inbox.next()).is_none());
    }
}
