/**
 * An e-mail address as it is compared: people write theirs in either case. What stands before the @ may tell cases apart
 * by the standard (RFC 5321, 2.4), but no mailbox in use does, and two accounts that look alike would be worse.
 *
 * @example emailKey(" Ada@Example.com ") // "ada@example.com"
 */
export const emailKey = (email: string): string => email.trim().normalize("NFC").toLowerCase();
