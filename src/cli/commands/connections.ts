import type { Command } from 'commander';
import type { Perform } from '../program.js';
import { collect } from '../values.js';

/** Where the connections are. */
export interface HomeFlags {
  connections?: string;
  owner?: string;
}

export interface AddFlags extends HomeFlags {
  permission?: string[];
  env?: string[];
  secret?: string[];
  header?: string[];
  host?: string[];
  expiresAt?: string;
}

const actions = () => import('../actions/connections.js');
const FILE = ['--connections <file>', 'connections file (default: DISTRI_CONNECTIONS, the database, connections.json in the folder)'] as const;
const OWNER = ['--owner <user>', 'whose, in the database (default: those of everybody)'] as const;

export function addConnections(program: Command, perform: Perform): void {
  const connections = program
    .command('connections')
    .summary('the accounts and credentials that steps require')
    .description('Keeps the accounts and credentials that steps require: in the database of DATABASE_URL, else in a file that only you can read.');
  connections
    .command('list')
    .description('lists the connections; secrets are masked')
    .option(...FILE)
    .option(...OWNER)
    .action(async (flags: HomeFlags, self: Command) =>
      perform(self, async (context) => (await actions()).listConnections(context, flags)),
    );
  connections
    .command('add')
    .description('adds a connection or replaces it; runs that are blocked on it go on')
    .argument('<skill>', 'namespace:name, e.g. google:drive')
    .option('--permission <scope>', 'scope that it has; repeatable', collect)
    .option('--env <name=value>', 'plain variable for the steps; repeatable', collect)
    .option('--secret <name[=value]>', 'secret variable; without a value it is asked for or read from stdin; repeatable', collect)
    .option('--header <header>', "'Name: value', sent to the hosts of --host; 'Name' alone is asked for; repeatable", collect)
    .option('--host <host>', 'host that the headers are sent to; repeatable', collect)
    .option('--expires-at <time>', 'ISO 8601; from then on it counts as missing')
    .option(...FILE)
    .option(...OWNER)
    .addHelpText('after', ADD_HELP)
    .action(async (skill: string, flags: AddFlags, self: Command) =>
      perform(self, async (context) => (await actions()).addConnection(context, skill, flags)),
    );
  connections
    .command('remove')
    .description('removes a connection')
    .argument('<skill>', 'namespace:name')
    .option(...FILE)
    .option(...OWNER)
    .action(async (skill: string, flags: HomeFlags, self: Command) =>
      perform(self, async (context) => (await actions()).removeConnection(context, skill, flags)),
    );
}

const ADD_HELP = `
Examples:
  $ distri-workflow connections add slack:chat --secret SLACK_TOKEN            asks for the secret
  $ distri-workflow connections add google:drive --permission drive.readonly \\
      --header 'Authorization' --host www.googleapis.com < header.txt

Secrets given without a value stay out of the shell's history. On stdin there is one line for each, in the order of
the flags, secrets before headers.`;
