import type { Connection } from '../../activities/connection.js';
import { messageOf } from '../../definition/text.js';
import { readSecrets } from '../ask/secrets.js';
import { withCleanup } from '../cleanup.js';
import type { AddFlags, HomeFlags } from '../commands/connections.js';
import { openHome } from '../connections/home.js';
import { MASK } from '../connections/masked.js';
import type { Context } from '../context.js';
import { EXIT, UsageError } from '../errors.js';
import { findServer, openClient } from '../server.js';
import { printJson } from '../terminal.js';
import { assignments } from '../values.js';
import { printTable } from '../view/table.js';
import { plain } from '../view/text.js';
import { sayDone } from './with-client.js';

/** Lists the connections without their secrets. */
export async function listConnections(context: Context, flags: HomeFlags): Promise<number> {
  return withCleanup(async (cleanup) => {
    const { terminal } = context;
    const home = await openHome(context, flags, cleanup);
    const connections = await home.list();
    if (terminal.json) {
      printJson(terminal, connections);
      return EXIT.completed;
    }
    const isStored = connections.some(({ status }) => status !== undefined);
    const rows = connections.map(({ skill, permissions, env, secrets, headers, hosts, expires_at, owner = 'everybody', status = '' }) => [
      skill,
      permissions.join(', '),
      [...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...Object.keys(secrets).map((name) => `${name}=${MASK}`)].join(', '),
      Object.keys(headers).map((name) => `${name}: ${MASK}`).join(', '),
      hosts.join(', '),
      expires_at ?? '',
      ...(isStored ? [owner, status] : []),
    ]);
    const titles = ['SKILL', 'PERMISSIONS', 'VARIABLES', 'HEADERS', 'HOSTS', 'EXPIRES', ...(isStored ? ['OWNER', 'STATUS'] : [])];
    printTable(terminal, titles, rows, `There are no connections in ${home.place}.`);
    return EXIT.completed;
  });
}

/** Adds or replaces a connection, and wakes the runs that are blocked on it. */
export async function addConnection(context: Context, skill: string, flags: AddFlags): Promise<number> {
  return withCleanup(async (cleanup) => {
    const home = await openHome(context, flags, cleanup);
    const { secrets, headers } = await readConfidential(flags);
    const hosts = flags.host ?? [];
    if (Object.keys(headers).length > 0 && hosts.length === 0) {
      throw new UsageError('--header needs at least one --host: headers are sent to those hosts only');
    }
    await home.add({
      skill,
      permissions: flags.permission ?? [],
      env: assignments('--env', flags.env),
      secrets,
      headers,
      hosts,
      ...(flags.expiresAt !== undefined && { expires_at: flags.expiresAt }),
    });
    const woken = await wakeBlockedRuns(context, skill);
    const { terminal } = context;
    if (terminal.json) printJson(terminal, { skill, ...home.document, ...(woken !== undefined && { runs_signalled: woken }) });
    else {
      terminal.say(`Connection ${plain(skill)} is kept in ${home.place}.`);
      if (woken !== undefined && woken > 0) terminal.say(`${woken} blocked ${woken === 1 ? 'run was' : 'runs were'} told.`);
    }
    return EXIT.completed;
  });
}

/** The secrets and headers of the flags; values that are not there are asked for, or read from stdin. */
async function readConfidential({ secret = [], header = [] }: AddFlags): Promise<Pick<Connection, 'secrets' | 'headers'>> {
  const nameless = (text: string, separator: string) => !text.includes(separator);
  const asked = [...secret.filter((text) => nameless(text, '=')), ...header.filter((text) => nameless(text, ':'))];
  const values = await readSecrets(asked);
  const valueOf = (text: string) => values.shift() ?? text;
  const secrets = assignments('--secret', secret.map((text) => (nameless(text, '=') ? `${text}=${valueOf(text)}` : text)));
  const headers: { [name: string]: string } = {};
  for (const text of header) {
    const full = nameless(text, ':') ? `${text}: ${valueOf(text)}` : text;
    const at = full.indexOf(':');
    const name = full.slice(0, at).trim();
    if (name === '') throw new UsageError(`--header expects 'Name: value', not '${text}'`);
    headers[name] = full.slice(at + 1).trim();
  }
  return { secrets, headers };
}

/** How many runs were told; undefined: no server is known, and none is started for this. */
async function wakeBlockedRuns(context: Context, skill: string): Promise<number | undefined> {
  const server = await findServer(context);
  if (server === undefined) return undefined;
  const { terminal } = context;
  try {
    return await withCleanup(async (cleanup) => {
      const client = await openClient(context, server, cleanup);
      return (await client.connectionsChanged([skill])).signalled;
    });
  } catch (error) {
    // The connection is there; a blocked run finds it by itself, only later.
    const reason = messageOf(error);
    terminal.say(`${terminal.color.yellow('warning')}: blocked runs could not be told and will look later: ${reason}`);
    return undefined;
  }
}

/** Removes a connection. */
export async function removeConnection(context: Context, skill: string, flags: HomeFlags): Promise<number> {
  return withCleanup(async (cleanup) => {
    const home = await openHome(context, flags, cleanup);
    if (!(await home.remove(skill))) {
      throw new UsageError(`There is no connection ${skill} in ${home.place}`, 'List them with `distri-workflow connections list`.');
    }
    return sayDone(context, { skill, ...home.document, removed: true }, `Connection ${plain(skill)} is removed from ${home.place}.`);
  });
}
