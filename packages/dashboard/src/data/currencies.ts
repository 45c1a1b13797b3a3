/** The currencies that something was spent in, that of most calls first: amounts of several cannot be compared. */
export const currenciesOf = (
  totals: readonly { readonly currency: string | null; readonly totalRequests?: number | undefined }[],
): readonly string[] =>
  totals
    .toSorted((a, b) => (b.totalRequests ?? 0) - (a.totalRequests ?? 0))
    .flatMap(({ currency }) => (currency === null ? [] : [currency]));

/** The one that figures are in; others are told of beside them and never converted. */
export const shownCurrency = (currencies: readonly string[], chosen: string): string =>
  currencies.includes(chosen) ? chosen : (currencies[0] ?? "USD");
