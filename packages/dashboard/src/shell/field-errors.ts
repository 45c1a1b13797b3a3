import { type ReactNode, type RefObject, useLayoutEffect, useRef, useState } from "react";
import { fieldErrorsOf } from "../data/ask.ts";

/** What is known of a field that is wrong, by the client's path such as `period.timeZone`. */
export type FieldErrors = Readonly<Record<string, string>>;

/** The first that is wrong with a field or anything in it. */
export const errorUnder = (errors: FieldErrors, path: string): ReactNode =>
  Object.entries(errors).find(([at]) => at === path || at.startsWith(`${path}.`))?.[1];

interface WrongFields {
  readonly box: RefObject<HTMLDivElement | null>;
  /** Whether the form marks a field as wrong. */
  readonly isMarked: boolean;
  /** What no field of the form says of itself. */
  readonly unmarked: readonly (readonly [field: string, message: string])[];
}

/** Goes to the first field that the form around the box marks as wrong, because it may stand far above the button. */
export function useWrongFields(error: unknown): WrongFields {
  const box = useRef<HTMLDivElement>(null);
  const [found, setFound] = useState<Omit<WrongFields, "box">>({ isMarked: false, unmarked: [] });
  useLayoutEffect(() => {
    const form = box.current?.closest("form");
    const wrong = Object.entries(fieldErrorsOf(error));
    const first = wrong.length === 0 ? null : form?.querySelector<HTMLElement>("[aria-invalid=true]");
    // Before this box says any of it, what the form says is said by its fields.
    const said = form?.textContent ?? "";
    setFound({
      isMarked: first instanceof HTMLElement,
      unmarked: wrong.filter(([, message]) => !said.includes(message)),
    });
    first?.focus({ preventScroll: true });
    first?.scrollIntoView({ block: "center" });
  }, [error]);
  return { box, ...found };
}
