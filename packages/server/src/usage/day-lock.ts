/**
 * What PostgreSQL locks by while somebody writes to a day or settles it; `name` is a place or a literal. Writers
 * share it, so they do not wait for one another.
 */
export const dayLockKey = (name: string): string => `hashtextextended(${name}, 3)`;

export const dayLockName = (organizationId: string, day: number): string => `${organizationId} ${day}`;
