#!/usr/bin/env node
import { CommanderError } from 'commander';
import { readEnvironment } from './env.js';
import { EXIT, exitCodeOf, UsageError } from './errors.js';
import { createProgram } from './program.js';
import { reportError } from './report.js';
import { withSecretFiles } from './secret-files.js';
import { createTerminal, ignoreBrokenPipes } from './terminal.js';

/** How long what is left open may hold the process after the command has ended. */
const LINGER_MS = 2000;

async function main(): Promise<number> {
  ignoreBrokenPipes();
  const terminal = createTerminal(process.argv.includes('--json'));
  const debug = process.env.DISTRI_DEBUG === '1';
  let exitCode: number = EXIT.completed;
  try {
    const environment = readEnvironment(withSecretFiles(process.env));
    const program = createProgram(environment, terminal, (code) => {
      exitCode = code;
    });
    await program.parseAsync(process.argv);
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) {
      reportError(error, terminal, debug);
      return exitCodeOf(error);
    }
    if (error.exitCode === 0) return EXIT.completed;
    // Commander has told people already.
    if (terminal.json) reportError(usageError(error), terminal, debug);
    return EXIT.refused;
  }
}

function usageError({ code, message }: CommanderError): UsageError {
  return new UsageError(code === 'commander.help' ? 'No command was given' : message.replace(/^error: /, ''));
}

process.exitCode = await main();
setTimeout(() => process.exit(), LINGER_MS).unref();
