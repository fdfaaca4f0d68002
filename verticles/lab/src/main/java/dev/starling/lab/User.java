package dev.starling.lab;

/**
 * A user who reads the own account.
 *
 * @param token the newest access token
 */
record User(String id, String name, String token) {}
