import type { Command } from 'commander';
import type { Perform } from '../program.js';

export function addValidate(program: Command, perform: Perform): void {
  program
    .command('validate')
    .summary('check workflow documents')
    .description('Checks workflow documents and lists every problem with its place. Exit code 2 when one is invalid.')
    .argument('<files...>', 'workflow documents, JSON or YAML; - for stdin')
    .addHelpText('after', '\nExamples:\n  $ distri-workflow validate pipeline.json\n  $ distri-workflow validate flows/*.yaml --json')
    .action(async (files: string[], _flags: object, self: Command) =>
      perform(self, async (context) => (await import('../actions/validate.js')).validate(context, files)),
    );
}
