/** Words of examples and of people in a hurry; a key of chance has none of six letters by accident. */
const giveaways = /change|secret|password|example|default|insecure|replace|placeholder|costops|qwerty|letmein/;

const hexLengthMin = 64;
const base64LengthMin = 43;

/**
 * Why a text is no secret key, as the end of a sentence that begins with the setting's name; undefined where it may be
 * one. A key is 32 bytes of chance or more, which no check can prove: this refuses what is too short for it or was
 * plainly typed by hand. `openssl rand -base64 32` and `openssl rand -hex 32` make keys that pass.
 */
export function secretKeyProblem(text: string): string | undefined {
  const isHex = /^[0-9a-f]+$/i.test(text);
  const bare = text.replace(/={1,2}$/, "");
  if (!(isHex || /^[A-Za-z0-9+/_-]+$/.test(bare)) || bare.length < (isHex ? hexLengthMin : base64LengthMin)) {
    return `must be 32 bytes of chance: ${hexLengthMin} hexadecimal digits or more, or ${base64LengthMin} characters of base64 or more`;
  }
  const letters = bare.toLowerCase().replace(/[-_+/]/g, "");
  if (giveaways.test(letters)) return "contains a word, so it was not made by chance";
  // 64 hexadecimal digits of chance have 10 different ones or more, 43 of base64 20 or more, but for one time in 10⁶.
  if (new Set(bare).size < (isHex ? 10 : 20) || isRepetition(bare) || isAlphabet(bare)) {
    return "repeats itself or counts upwards, so it was not made by chance";
  }
  return undefined;
}

/** Whether a text is one beginning of at most half its length, over and over; the last turn may be cut short. */
const isRepetition = (text: string): boolean => {
  for (let length = 1; length <= text.length / 2; length++) {
    if (text.startsWith(text.slice(length))) return true;
  }
  return false;
};

/** Whether a third or more of the characters follow their neighbour in the alphabet; by chance one in sixty does. */
const isAlphabet = (text: string): boolean => {
  let steps = 0;
  for (let at = 1; at < text.length; at++) if (text.charCodeAt(at) - text.charCodeAt(at - 1) === 1) steps++;
  return steps >= text.length / 3;
};
