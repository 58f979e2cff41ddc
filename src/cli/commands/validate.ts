import type { Command } from 'commander';
import type { Perform } from '../program.js';

export interface ValidateFlags {
  workflows?: string;
}

export function addValidate(program: Command, perform: Perform): void {
  program
    .command('validate')
    .summary('check workflow documents')
    .description('Checks workflow documents and lists every problem with its place. Exit code 2 when one is invalid.')
    .argument('<files...>', 'workflow documents, JSON or YAML; - for stdin')
    .option('--workflows <folder>', 'look there for the workflows that steps run by their id (default: DISTRI_WORKFLOWS)')
    .addHelpText('after', '\nExamples:\n  $ distri-workflow validate pipeline.json\n  $ distri-workflow validate flows/*.yaml --json')
    .action(async (files: string[], flags: ValidateFlags, self: Command) =>
      perform(self, async (context) => (await import('../actions/validate.js')).validate(context, files, flags)),
    );
}
