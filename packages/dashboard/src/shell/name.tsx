/** Text that somebody else chose, on one line, whole where it is pointed at. */
export function Name({ text, isWide = false }: { text: string; isWide?: boolean }) {
  return (
    <bdi className={`clip name${isWide ? " name-wide" : ""}`} title={text}>
      {text}
    </bdi>
  );
}
