//! The portal and the interfaces other programs call; today the witness.
