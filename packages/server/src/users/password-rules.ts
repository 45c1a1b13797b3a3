import { limits } from "@llm-cost-ops/contract/limits";
import { emailKey } from "./email.ts";

/** What stands around a word and makes it no better: a year, a few digits, a mark. */
const trimmingMax = 8;
const nameLengthMin = 4;
const differentMin = 5;

/** Signs that stand for letters, as everybody who guesses knows. */
const disguises: Readonly<Record<string, string>> = {
  "0": "o",
  "1": "l",
  "3": "e",
  "4": "a",
  "5": "s",
  "7": "t",
  "@": "a",
  $: "s",
  "!": "i",
};

const undisguised = (text: string): string => text.replace(/[013457@$!]/g, (sign) => disguises[sign] as string);

/** The text that repeats itself to make this one, or the text itself. */
function repeatedPart(text: string): string {
  for (let length = 1; length <= text.length / 2; length += 1) {
    if (text.length % length === 0 && text.startsWith(text.slice(length))) return text.slice(0, length);
  }
  return text;
}

/**
 * The words that a password may be no more than: itself, without the few digits and marks around it, undisguised, and
 * what repeats itself in it. All in lower case.
 */
export function wordsWithin(password: string): readonly string[] {
  const whole = password.normalize("NFKC").toLowerCase();
  const words = new Set<string>();
  for (const text of [whole, undisguised(whole)]) {
    const core = text.replace(/^[^\p{L}]+|[^\p{L}]+$/gu, "");
    const cores = core !== "" && text.length - core.length <= trimmingMax ? [text, core] : [text];
    for (const one of cores) words.add(one).add(repeatedPart(one));
  }
  // Of a disguised word in front of digits only the digits behind are cut: "p4ssw0rd2024" is "password".
  const front = whole.replace(/[^\p{L}]+$/u, "");
  if (whole.length - front.length <= trimmingMax) words.add(undisguised(front));
  return [...words].filter((word) => word !== "");
}

/**
 * Why a password must not be used for an account, as the end of a sentence that begins with its field; undefined where
 * it may. `commonAmong` tells which of some words are among the passwords that are used most.
 */
export async function passwordProblem(
  password: string,
  email: string,
  commonAmong: (words: readonly string[]) => Promise<readonly string[]>,
): Promise<string | undefined> {
  const text = password.normalize("NFKC");
  if ([...text].length < limits.passwordLength) return `must have at least ${limits.passwordLength} characters`;
  if (Buffer.byteLength(text) > limits.passwordBytes) return `must be at most ${limits.passwordBytes} bytes`;
  const lower = text.toLowerCase();
  const [name = ""] = emailKey(email).split("@", 1);
  if ((name.length >= nameLengthMin && lower.includes(name)) || lower.includes(emailKey(email))) {
    return "must not contain the name of the e-mail address";
  }
  if (new Set(lower).size < differentMin) return `must have at least ${differentMin} different characters`;
  if ((await commonAmong(wordsWithin(password))).length > 0) {
    return "is one of the most common passwords, or little more than one; several words that do not belong together are better";
  }
  return undefined;
}
