import type { Member, Team } from "@llm-cost-ops/contract";
import type { CostOpsClient } from "@llm-cost-ops/sdk";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import type { Invocation, Run } from "../invocation.ts";
import { counted } from "../terminal/amounts.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";
import { listOf } from "./filter-flags.ts";
import { memberOf, organizationOf } from "./users.ts";

const columns: readonly Column<Team>[] = [
  { heading: "slug", isWhole: true, text: (row) => row.slug },
  { heading: "name", text: (row) => row.name },
  { heading: "projects", text: (row) => row.projects.join(", ") },
  { heading: "members", align: "right", text: (row) => String(row.members.length) },
  { heading: "id", isWhole: true, text: (row) => row.id },
];

interface MemberRow {
  readonly user_id: string;
  readonly email: string;
  readonly name: string | null;
}

const memberColumns: readonly Column<MemberRow>[] = [
  { heading: "id", isWhole: true, text: (row) => row.user_id },
  { heading: "e-mail", text: (row) => row.email },
  { heading: "name", text: (row) => row.name ?? "" },
];

/** The ids of members who are named by id or e-mail address. */
async function idsOf(client: CostOpsClient, named: readonly string[]): Promise<string[]> {
  const organization = await organizationOf(client, {});
  const ids: string[] = [];
  for (const one of named) ids.push((await memberOf(client, organization, one)).userId);
  return ids;
}

const told = async (cli: Invocation, team: object): Promise<void> => {
  const { slug, projects, members } = wireForm<Team>(team);
  await writeRecord(
    cli.terminal,
    wireForm<object>(team),
    () => `${printable(slug)}: ${counted(projects.length, "project")}, ${counted(members.length, "member")}`,
  );
};

export function define(command: Command, run: Run): void {
  command
    .command("list")
    .description("teams by name")
    .action(
      run(async (cli) => {
        const client = await cli.connect();
        const rows = wireForm<Team[]>(await client.teams.list());
        await writeAnswer(cli.terminal, { document: { data: rows }, rows, columns, none: "No teams." });
      }),
    );

  command
    .command("create <name>")
    .description("make a team")
    .option("--slug <slug>", "what commands call it (made of the name)")
    .option("--project <ids>", "its projects; repeatable", listOf)
    .option("--member <members>", "its members, by id or e-mail address; repeatable", listOf)
    .action(
      run<{ slug?: string; project?: string[]; member?: string[] }>(
        async (cli, { slug, project: projects, member = [] }, [name = ""]) => {
          const client = await cli.connect();
          const members = await idsOf(client, member);
          await told(cli, await client.teams.create({ name, slug, projects, members }));
        },
      ),
    );

  command
    .command("rename <team> <name>")
    .description("give a team, by slug or id, another name; its slug stays")
    .action(
      run<object>(async (cli, _flags, [team = "", name = ""]) => {
        const client = await cli.connect();
        await told(cli, await client.teams.update(team, { name }));
      }),
    );

  command
    .command("delete <team>")
    .description("delete a team that no role is limited to; its projects and members stay")
    .action(
      run<object>(async (cli, _flags, [team = ""]) => {
        const client = await cli.connect();
        await confirm(cli, `Delete the team ${printable(team)}?`);
        await client.teams.delete(team);
        cli.terminal.talk(`The team ${printable(team)} is deleted.`);
      }),
    );

  command
    .command("members <team>")
    .description("who belongs to a team")
    .action(
      run<object>(async (cli, _flags, [team = ""]) => {
        const client = await cli.connect();
        const { members } = await client.teams.get(team);
        const all = await client.organizations.members.list(await organizationOf(client, {}));
        const rows = wireForm<Member[]>(all.filter(({ userId }) => members.includes(userId))).map(
          ({ user_id, email, name }): MemberRow => ({ user_id, email, name }),
        );
        const table = { document: { data: rows }, rows, columns: memberColumns, none: "No members." };
        await writeAnswer(cli.terminal, table);
      }),
    );

  const changes = [
    ["add-member", "member", "add members to a team, by id or e-mail address", "addMembers"],
    ["remove-member", "member", "take members out of a team", "removeMembers"],
    [
      "add-project",
      "project",
      "add projects to a team; roles that are limited to it reach them at once",
      "addProjects",
    ],
    ["remove-project", "project", "take projects out of a team", "removeProjects"],
  ] as const;
  for (const [name, what, description, field] of changes) {
    command
      .command(`${name} <team> <${what}s...>`)
      .description(description)
      .action(
        run<object>(async (cli, _flags, [team = "", ...named]) => {
          const client = await cli.connect();
          const values = what === "member" ? await idsOf(client, named) : named;
          await told(cli, await client.teams.update(team, { [field]: values }));
        }),
      );
  }
}
