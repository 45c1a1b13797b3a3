/** Text from outside never moves the cursor or changes colours: every control character becomes U+FFFD. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\u2028\u2029]/gu, "\ufffd");
}

// What our own texts may hold besides plain characters: line ends, tabs and the colours of `paint`.
const esc = "\u001b";
const allowed = new RegExp(`${esc}\\[(?:1|2|22|31|32|33|36|39)m|\\r?\\n|\\t`, "y");
const suspicious = /[\p{Cc}\p{Cs}\u2028\u2029]/u;

/** The last gate before a terminal: whatever slipped past `printable` loses its power here. */
export function defuse(text: string): string {
  if (!suspicious.test(text)) return text;
  let result = "";
  for (let at = 0; at < text.length; ) {
    allowed.lastIndex = at;
    const kept = allowed.exec(text)?.[0];
    const character = kept ?? String.fromCodePoint(text.codePointAt(at) as number);
    result += kept ?? printable(character);
    at += character.length;
  }
  return result;
}
