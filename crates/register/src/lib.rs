//! Who writes: the register of choices, its stores, its vault and its keys.
