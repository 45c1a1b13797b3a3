import { defuse, printable } from "./printable.ts";

export const outputFormats = ["table", "json", "csv", "yaml"] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Where a command writes: data to stdout, talk to stderr. */
export interface Terminal {
  readonly format: OutputFormat;
  readonly quiet: boolean;
  /** Whether a person sits in front of it who can be asked. */
  readonly interactive: boolean;
  /** Whether talk appears on a screen, where a progress bar can move. */
  readonly animated: boolean;
  /** Characters in a line; undefined where the output goes to a file or another program. */
  readonly columns: number | undefined;
  readonly paint: Paint;
  /** Colours for stderr, which may be a screen where stdout is none. */
  readonly paintTalk: Paint;
  data(text: string): void;
  /** Progress and hints; `--quiet` silences it. */
  talk(text: string): void;
  /** What must be seen even so. */
  warn(text: string): void;
}

/** Colours, for text that is made printable on the way. Without colour they only make it printable. */
export type Paint = Readonly<Record<"bold" | "dim" | "red" | "green" | "yellow" | "cyan", (text: string) => string>>;

const codes = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
} as const satisfies Record<keyof Paint, readonly [number, number]>;

export function makePaint(color: boolean): Paint {
  const paint = ([on, off]: readonly [number, number]) =>
    color ? (text: string) => `\u001b[${on}m${printable(text)}\u001b[${off}m` : printable;
  return {
    bold: paint(codes.bold),
    dim: paint(codes.dim),
    red: paint(codes.red),
    green: paint(codes.green),
    yellow: paint(codes.yellow),
    cyan: paint(codes.cyan),
  };
}

/** The streams of the process, as far as they matter here. */
export interface Streams {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
}

export function openTerminal(
  streams: Streams,
  options: { readonly format: OutputFormat; readonly color: boolean; readonly quiet: boolean },
): Terminal {
  const { stdout, stderr, stdin } = streams;
  const screen = stdout.isTTY === true;
  const talkScreen = stderr.isTTY === true;
  const write = (text: string): void => {
    stderr.write(defuse(text.endsWith("\n") ? text : `${text}\n`));
  };
  return {
    format: options.format,
    quiet: options.quiet,
    interactive: stdin.isTTY === true && talkScreen,
    animated: talkScreen && !options.quiet,
    columns: screen ? stdout.columns : undefined,
    paint: makePaint(options.color && screen),
    paintTalk: makePaint(options.color && talkScreen),
    // A file gets the exact bytes; a screen never gets a control character that came from data.
    data: (text) => {
      stdout.write(screen || options.format === "table" ? defuse(text) : text);
    },
    talk: (text) => {
      if (!options.quiet) write(text);
    },
    warn: write,
  };
}
