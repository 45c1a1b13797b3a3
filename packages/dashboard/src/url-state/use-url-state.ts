import { useCallback, useMemo } from "react";
import { useLocation, useSearch } from "wouter";
import { type Fields, readState, writeState } from "./fields.ts";

/** Changes some fields. `replace` leaves no entry in the history, as for what is typed letter by letter. */
export type ChangeState<S> = (change: Partial<S>, how?: { readonly replace?: boolean }) => void;

/**
 * A page's state, which lives in its address and so in every link to it. Make the fields once, outside the component:
 *
 * ```tsx
 * const fields = { period: periodField(), q: textField() };
 * const [state, change] = useUrlState(fields);
 * ```
 */
export function useUrlState<S extends object>(fields: Fields<S>): readonly [S, ChangeState<S>] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const change = useCallback<ChangeState<S>>(
    (changed, { replace = false } = {}) => {
      // The address as it is now: two changes of one moment must both be in it.
      const query = writeState(fields, window.location.search, changed);
      navigate(`${path}${query === "" ? "" : `?${query}`}`, { replace });
    },
    [fields, path, navigate],
  );
  // The same object as long as the address is: what is drawn of it need not be drawn anew.
  const state = useMemo(() => readState(fields, search), [fields, search]);
  return [state, change];
}
