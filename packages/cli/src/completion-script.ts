import type { Command, Option } from "commander";
import { everyCommand } from "./every-command.ts";

/** What can follow a chain of command words: its subcommands and its flags. */
interface Node {
  /** `pricing aliases`; empty for the program itself. */
  readonly path: string;
  readonly words: readonly { readonly word: string; readonly meaning: string }[];
  readonly flags: readonly Option[];
}

/** A completion script for one shell, made from the program, so that it knows exactly what the program knows. */
export function completionScript(shell: "bash" | "zsh" | "fish", program: Command): string {
  const nodes = [...everyCommand(program)].map(
    ([path, command]): Node => ({
      path: path.join(" "),
      words: command.commands.map((child) => ({ word: child.name(), meaning: child.description() })),
      flags: command.options,
    }),
  );
  return shell === "fish" ? fish(nodes) : shell === "zsh" ? zsh(nodes) : bash(nodes);
}

const longFlags = (option: Option): readonly string[] =>
  [option.short, option.long].filter((flag): flag is string => flag?.startsWith("--") === true);

/** Everything that can follow: the node's own words and flags, and the flags of the program. */
const candidates = (node: Node, root: Node | undefined): string =>
  [
    ...new Set([...node.words.map(({ word }) => word), ...[...node.flags, ...(root?.flags ?? [])].flatMap(longFlags)]),
  ].join(" ");

/** Values of flags that know theirs: `--output` → `table json …`. */
const choices = (nodes: readonly Node[]): ReadonlyMap<string, readonly string[]> =>
  new Map(
    nodes.flatMap(({ flags }) =>
      flags.flatMap((option) =>
        option.argChoices === undefined
          ? []
          : longFlags(option).map((flag) => [flag, option.argChoices ?? []] as const),
      ),
    ),
  );

function bash(nodes: readonly Node[]): string {
  const [root] = nodes;
  return `# cost-ops completions for bash: eval "$(cost-ops completion bash)"
_cost_ops() {
  local word="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" chain="" part
  case "$before" in
${[...choices(nodes)].map(([flag, values]) => `    ${flag}) COMPREPLY=($(compgen -W "${values.join(" ")}" -- "$word")); return ;;`).join("\n")}
  esac
  for part in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "\${chain:+$chain }$part" in
      ${nodes
        .slice(1)
        .map(({ path }) => `"${path}"`)
        .join("|")}) chain="\${chain:+$chain }$part" ;;
    esac
  done
  local words=""
  case "$chain" in
${nodes.map((node) => `    "${node.path}") words="${candidates(node, root)}" ;;`).join("\n")}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$word"))
  [ \${#COMPREPLY[@]} -eq 0 ] && COMPREPLY=($(compgen -f -- "$word"))
}
complete -o filenames -F _cost_ops cost-ops
`;
}

/** zsh runs the bash function through its own compatibility layer. */
const zsh = (nodes: readonly Node[]): string =>
  `# cost-ops completions for zsh: eval "$(cost-ops completion zsh)"\nautoload -Uz compinit bashcompinit && compinit -u && bashcompinit\n${bash(nodes).replace(/^#.*\n/, "")}`;

function fish(nodes: readonly Node[]): string {
  const quote = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  const top = nodes[0]?.words.map(({ word }) => word).join(" ") ?? "";
  const lines = nodes.flatMap((node) => {
    const parts = node.path === "" ? [] : node.path.split(" ");
    const seen = parts.map((part) => `__fish_seen_subcommand_from ${part}`).join("; and ");
    const words = node.words.map(({ word }) => word).join(" ");
    const atWord =
      parts.length === 0
        ? `not __fish_seen_subcommand_from ${top}`
        : `${seen}; and not __fish_seen_subcommand_from ${words}`;
    return [
      ...node.words.map(
        ({ word, meaning }) => `complete -c cost-ops -f -n ${quote(atWord)} -a ${word} -d ${quote(meaning)}`,
      ),
      ...node.flags.flatMap((option) =>
        longFlags(option).map(
          (flag) =>
            `complete -c cost-ops${seen === "" ? "" : ` -n ${quote(seen)}`} -l ${flag.slice(2)}${option.argChoices === undefined ? (option.required ? " -r" : "") : ` -x -a ${quote(option.argChoices.join(" "))}`} -d ${quote(option.description)}`,
        ),
      ),
    ];
  });
  return `# cost-ops completions for fish: cost-ops completion fish | source\n${lines.join("\n")}\n`;
}
