/** What a field of text offers; anything else may be typed. The field names it by its `list`. */
export function Suggestions({ id, of }: { id: string; of: readonly string[] }) {
  return (
    <datalist id={id}>
      {[...new Set(of)].toSorted().map((value) => (
        <option key={value} value={value} />
      ))}
    </datalist>
  );
}
