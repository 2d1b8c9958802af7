//! Two worlds that differ in one secret (law 8): whatever somebody who has proved nothing does in both, what shows is the same.
//!
//! ```text
//!  secrets   which pairs of homes, and who of their owners comes and goes
//!  homes     who has the door, and what state the account is in
//!  steps     what may happen, read from bytes: every operation, clocks, failures of the host, the owner's own doing
//!  observer  the stranger: an account of his own with everything, and each of the operations
//!  owner     what the owner does meanwhile
//!  trace     what shows of a request
//!  allowed   the stated exceptions, each as narrow as it is stated
//!  story     both worlds side by side
//! ```

pub mod allowed;
pub mod homes;
pub mod observer;
pub mod owner;
pub mod requests;
pub mod secrets;
pub mod steps;
pub mod story;
pub mod trace;
