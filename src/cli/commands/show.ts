import type { Command } from 'commander';
import type { Perform } from '../program.js';

/** The commands that only show something: skills, tools and the schema of the format. */
export function addShow(program: Command, perform: Perform): void {
  program
    .command('skills')
    .description('lists the skills that live workers serve')
    .action(async (_flags: object, self: Command) =>
      perform(self, async (context) => (await import('../actions/catalogue.js')).listSkills(context)),
    );
  program
    .command('tools')
    .description('lists the tools that live workers have')
    .action(async (_flags: object, self: Command) =>
      perform(self, async (context) => (await import('../actions/catalogue.js')).listTools(context)),
    );
  program
    .command('schema')
    .description('prints the JSON Schema of the document format, for editors')
    .action(async (_flags: object, self: Command) =>
      perform(self, async (context) => (await import('../actions/schema.js')).printSchema(context)),
    );
}
