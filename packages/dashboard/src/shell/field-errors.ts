import type { ReactNode } from "react";

/** What is known of a field that is wrong, by the client's path such as `period.timeZone`. */
export type FieldErrors = Readonly<Record<string, string>>;

/** The first that is wrong with a field or anything in it. */
export const errorUnder = (errors: FieldErrors, path: string): ReactNode =>
  Object.entries(errors).find(([at]) => at === path || at.startsWith(`${path}.`))?.[1];
