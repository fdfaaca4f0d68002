package dev.starling.user.service;

/** What is counted; rows are locked in this order. */
enum Counted {
  /** Log-ins from one network, right or wrong. */
  LOGINS,
  REGISTRATIONS,
  /** Wrong passwords from one network, whatever the account. */
  SOURCE,
  /** Wrong passwords for one account from one network. */
  ACCOUNT_AND_SOURCE,
  /** Wrong passwords for one account from all devices that it does not know. */
  ACCOUNT,
  /** The same, without a right one between them. */
  CEILING,
  /** Wrong passwords from one device that has logged in to the account before. */
  DEVICE,
  /** Wrong passwords from somebody who is logged in. */
  USER
}
