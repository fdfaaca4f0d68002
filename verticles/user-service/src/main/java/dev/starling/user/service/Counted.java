package dev.starling.user.service;

/**
 * What is counted. The ordinal is the first byte of a key in the database, whose rows are locked in
 * this order: further ones come at the end.
 */
enum Counted {
  /** Log-ins from one network, or by one device or user, right or wrong. */
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
  USER,
  /** Wrong one-time passwords for one account. */
  ONE_TIME,
  /** Mails with a code that were asked for from one network. */
  MAILS,
  /** Mails with a code to one address. */
  ADDRESS,
  /** Codes out of mails that were tried from one network. */
  CODES,
  /** Wrong one-time passwords for one account, without a right one between them. */
  ONE_TIME_CEILING
}
