export const scopeKinds = ["organization", "team", "project", "own"] as const;
export type ScopeKind = (typeof scopeKinds)[number];

export const scopeKindLabels = {
  organization: "Everything",
  team: "Projects of a team",
  project: "One project",
  own: "Own records alone",
} as const satisfies Record<ScopeKind, string>;

/** How far a role reaches, in words: `team:engineering` → `in the team engineering`. */
export function scopeText(scope: string): string {
  const at = scope.indexOf(":");
  const [kind, name] = at === -1 ? [scope, ""] : [scope.slice(0, at), scope.slice(at + 1)];
  switch (kind) {
    case "organization":
      return "everywhere";
    case "team":
      return `in the team ${name}`;
    case "project":
      return `in the project ${name}`;
    case "own":
      return "for own records";
    default:
      return scope;
  }
}

/** The scope as it is sent. */
export const scopeOf = (kind: ScopeKind, name: string): string =>
  kind === "organization" || kind === "own" ? kind : `${kind}:${name.trim()}`;
