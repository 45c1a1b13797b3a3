/** Where a setting can be written, what it means and how its text is read. */
export interface Setting<T> {
  readonly env: string;
  /** `section.key` in config.toml. */
  readonly toml: string;
  readonly flag: string | undefined;
  /** The text that stands when nobody says anything; undefined where the setting may stay unset. */
  readonly fallback: string | undefined;
  readonly meaning: string;
  /** Secrets print as *** and may be given as a file that `NAME_FILE` points at. */
  readonly secret: boolean;
  /** What of a secret text may be shown; nothing of it if absent. */
  readonly shown?: (text: string) => string;
  /** Reads the text; throws a `SettingError` that says what would be right. */
  readonly parse: (text: string) => T;
}

/** What is wrong with a setting's text, as the end of a sentence that begins with its name. */
export class SettingError extends Error {}
