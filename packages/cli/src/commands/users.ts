import type { Invitation, Member } from "@llm-cost-ops/contract";
import type { CostOpsClient } from "@llm-cost-ops/sdk";
import type { Command } from "commander";
import { confirm } from "../confirm.ts";
import { CommandError, exitCodes } from "../exit-codes.ts";
import type { Run } from "../invocation.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";

const rolesOf = ({ roles }: Member): string =>
  roles.length === 0 ? "no role" : roles.map(({ role, scope }) => `${role} at ${scope}`).join(", ");

const columns: readonly Column<Member>[] = [
  { heading: "id", isWhole: true, text: (row) => row.user_id },
  { heading: "e-mail", text: (row) => row.email },
  { heading: "name", text: (row) => row.name ?? "" },
  { heading: "roles", text: rolesOf },
  { heading: "joined", text: (row) => row.joined_at },
];

const invitationColumns: readonly Column<Invitation>[] = [
  { heading: "id", isWhole: true, text: (row) => row.id },
  { heading: "e-mail", text: (row) => row.user_email },
  { heading: "role", text: (row) => `${row.role} at ${row.scope}` },
  { heading: "status", text: (row) => row.status },
  { heading: "expires", text: (row) => row.expires_at },
];

interface InOrganization {
  readonly organization?: string;
}
interface RoleFlags extends InOrganization {
  readonly email: string;
  readonly role: string;
  readonly scope?: string;
}

export const organizationOf = async (client: CostOpsClient, { organization }: InOrganization): Promise<string> =>
  organization ?? (await client.auth.whoami()).organizationId;

/** The member of this id or e-mail address; addresses are the same in any case. */
export async function memberOf(client: CostOpsClient, organization: string, named: string) {
  const { members } = client.organizations;
  if (!named.includes("@")) return members.get(organization, named);
  const wanted = named.toLowerCase();
  const found = (await members.list(organization)).find(({ email }) => email.toLowerCase() === wanted);
  if (found === undefined) throw new CommandError(`There is no member ${printable(named)}.`, exitCodes.api);
  return found;
}

const scopeMeaning = "organization, team:<id or slug>, project:<id> or own (organization)";
const organizationMeaning = "id of a tenant, instead of your own organization";

export function define(command: Command, run: Run): void {
  command
    .command("list")
    .description("members and their roles")
    .option("--organization <id>", organizationMeaning)
    .action(
      run<InOrganization>(async (cli, flags) => {
        const client = await cli.connect();
        const found = await client.organizations.members.list(await organizationOf(client, flags));
        const rows = wireForm<Member[]>(found);
        await writeAnswer(cli.terminal, { document: { data: rows }, rows, columns, none: "No members." });
      }),
    );

  command
    .command("invite")
    .description("invite somebody; stdout gets the token alone, which you hand to them")
    .requiredOption("--email <address>", "whom")
    .requiredOption("--role <role>", "admin, developer, analyst, billing, viewer or a role of your own")
    .option("--scope <scope>", scopeMeaning)
    .option("--organization <id>", organizationMeaning)
    .action(
      run<RoleFlags>(async (cli, flags) => {
        const client = await cli.connect();
        const { email: userEmail, role, scope } = flags;
        const organization = await organizationOf(client, flags);
        const made = await client.organizations.members.invite(organization, { userEmail, role, scope });
        await writeRecord(cli.terminal, wireForm<object>(made), () => made.token);
        const until = `open until ${made.expiresAt}`;
        cli.terminal.talk(
          `Invitation ${made.id} for ${printable(made.userEmail)}, ${until}. The token is shown this once; cost-ops auth accept-invitation takes it.`,
        );
      }),
    );

  command
    .command("invitations")
    .description("who was invited, and what became of it")
    .option("--organization <id>", organizationMeaning)
    .action(
      run<InOrganization>(async (cli, flags) => {
        const client = await cli.connect();
        const found = await client.organizations.members.invitations(await organizationOf(client, flags));
        const rows = wireForm<Invitation[]>(found);
        const table = { document: { data: rows }, rows, columns: invitationColumns, none: "No invitations." };
        await writeAnswer(cli.terminal, table);
      }),
    );

  command
    .command("revoke-invitation <id>")
    .description("take back an invitation that nobody has accepted")
    .option("--organization <id>", organizationMeaning)
    .action(
      run<InOrganization>(async (cli, flags, [id = ""]) => {
        const client = await cli.connect();
        const revoked = await client.organizations.members.revokeInvitation(await organizationOf(client, flags), id);
        await writeRecord(cli.terminal, wireForm<object>(revoked), () => `Invitation ${revoked.id} is revoked.`);
      }),
    );

  command
    .command("assign-role")
    .description("give a member a role at a scope, in place of the one there")
    .requiredOption("--email <address>", "the member")
    .requiredOption("--role <role>", "admin, developer, analyst, billing, viewer or a role of your own")
    .option("--scope <scope>", scopeMeaning)
    .option("--organization <id>", organizationMeaning)
    .action(
      run<RoleFlags>(async (cli, flags) => {
        const client = await cli.connect();
        const { email: userEmail, role, scope } = flags;
        const organization = await organizationOf(client, flags);
        const member = await client.organizations.members.assignRole(organization, { userEmail, role, scope });
        const wire = wireForm<Member>(member);
        await writeRecord(cli.terminal, wire, () => `${printable(wire.email)}: ${printable(rolesOf(wire))}`);
      }),
    );

  command
    .command("remove-role")
    .description("take away a member's role at a scope, at once")
    .requiredOption("--email <address>", "the member")
    .option("--scope <scope>", scopeMeaning)
    .option("--organization <id>", organizationMeaning)
    .action(
      run<Omit<RoleFlags, "role">>(async (cli, flags) => {
        const client = await cli.connect();
        const { members } = client.organizations;
        const organization = await organizationOf(client, flags);
        const { userId } = await memberOf(client, organization, flags.email);
        const wire = wireForm<Member>(await members.removeRole(organization, userId, flags.scope ?? "organization"));
        await writeRecord(cli.terminal, wire, () => `${printable(wire.email)}: ${printable(rolesOf(wire))}`);
      }),
    );

  command
    .command("reset-password <member>")
    .description("get a token by which a member, by id or e-mail address, sets a new password; stdout gets it alone")
    .action(
      run<object>(async (cli, _flags, [named = ""]) => {
        const client = await cli.connect();
        const { userId } = await memberOf(client, await organizationOf(client, {}), named);
        const reset = await client.users.resetPassword(userId);
        await writeRecord(cli.terminal, wireForm<object>(reset), () => reset.token);
        cli.terminal.talk(
          `Hand it to ${printable(reset.email)}: cost-ops auth reset-password takes it, once, until ${reset.expiresAt}.`,
        );
      }),
    );

  command
    .command("remove <member>")
    .description("remove a member, by id or e-mail address, at once and everywhere")
    .option("--organization <id>", organizationMeaning)
    .action(
      run<InOrganization>(async (cli, flags, [named = ""]) => {
        const client = await cli.connect();
        const organization = await organizationOf(client, flags);
        const { userId, email } = await memberOf(client, organization, named);
        await confirm(cli, `Remove ${printable(email)}?`);
        const removed = await client.organizations.removeUser(organization, userId);
        await writeRecord(cli.terminal, wireForm<object>(removed), () => `${printable(removed.email)} is removed.`);
      }),
    );
}
