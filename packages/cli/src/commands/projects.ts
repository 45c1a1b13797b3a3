import type { Project } from "@llm-cost-ops/contract";
import type { Command } from "commander";
import type { Run } from "../invocation.ts";
import { type Column, writeAnswer, writeRecord } from "../terminal/output.ts";
import { printable } from "../terminal/printable.ts";
import { wireForm } from "../wire-form.ts";

const columns: readonly Column<Project>[] = [
  { heading: "id", isWhole: true, text: (row) => row.id },
  { heading: "name", text: (row) => row.name },
  { heading: "description", text: (row) => row.description },
  { heading: "created", text: (row) => row.created_at },
  { heading: "archived", text: (row) => row.archived_at ?? "" },
];

interface ProjectFlags {
  readonly name?: string;
  readonly description?: string;
}

export function define(command: Command, run: Run): void {
  command
    .command("list")
    .description("projects by name")
    .option("--all", "archived ones as well")
    .action(
      run<{ all?: boolean }>(async (cli, { all = false }) => {
        const client = await cli.connect();
        const rows = wireForm<Project[]>(await client.projects.list({ includeArchived: all }));
        await writeAnswer(cli.terminal, { document: { data: rows }, rows, columns, none: "No projects." });
      }),
    );

  command
    .command("create <id>")
    .description("create a project; records name it by its id")
    .option("--name <name>", "what people call it")
    .option("--description <text>", "what it is")
    .action(
      run<ProjectFlags>(async (cli, { name, description }, [id = ""]) => {
        const client = await cli.connect();
        const made = await client.projects.create({ id, name, description });
        await writeRecord(cli.terminal, wireForm<object>(made), () => `Project ${printable(made.id)} is made.`);
      }),
    );

  command
    .command("update <id>")
    .description("change a project's name or description")
    .option("--name <name>", "what people call it")
    .option("--description <text>", "what it is")
    .action(
      run<ProjectFlags>(async (cli, { name, description }, [id = ""]) => {
        const client = await cli.connect();
        const changed = await client.projects.update(id, { name, description });
        await writeRecord(
          cli.terminal,
          wireForm<object>(changed),
          () => `Project ${printable(changed.id)} is changed.`,
        );
      }),
    );

  command
    .command("archive <id>")
    .description("leave a project out of lists; its records stay")
    .action(
      run<object>(async (cli, _flags, [id = ""]) => {
        const client = await cli.connect();
        const archived = await client.projects.archive(id);
        await writeRecord(
          cli.terminal,
          wireForm<object>(archived),
          () => `Project ${printable(archived.id)} is archived.`,
        );
      }),
    );
}
