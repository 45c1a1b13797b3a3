/** The same as in package.json; a test compares both. */
export const version = "0.1.0";
