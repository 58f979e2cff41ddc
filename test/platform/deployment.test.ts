import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { parse } from 'yaml';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmbedded, type EmbeddedServer } from '../../src/cli/embedded.js';
import { findFreePort } from '../../src/cli/find-port.js';
import { eventually } from '../client/stage.js';
import { removeFolder, run, start, workFolder, type Command } from '../cli/support.js';
import { sharedPostgres } from '../support/postgres.js';
import { composeServices, filledEnvironment, images, runSql, substitute, type Service } from './compose.js';

const execute = promisify(execFile);
const password = () => randomBytes(24).toString('hex');
const required = {
  POSTGRES_PASSWORD: password(),
  POSTGRES_DISTRI_PASSWORD: password(),
  POSTGRES_TEMPORAL_PASSWORD: password(),
  DISTRI_SECRET_KEYS: `k1:${randomBytes(32).toString('base64')}`,
};
const services = await composeServices();
const stages = await images();
const env = await filledEnvironment(required);

const imageOf = (name: string) => stages[name === 'distri-workflow-shell' ? 'shell' : 'runtime'] ?? expect.fail(`The Dockerfile has no stage for ${name}`);

let folder: string;
beforeAll(async () => {
  folder = await workFolder();
});
afterAll(() => removeFolder(folder));

const hasCompose = spawnSync('docker-compose', ['version']).status === 0;

describe.skipIf(!hasCompose && process.env['CI'] === undefined)('docker-compose', () => {
  async function config(given: { [name: string]: string }, ...more: string[]) {
    const file = join(folder, '.env');
    await writeFile(file, Object.entries(given).map(([name, value]) => `${name}=${value}\n`).join(''));
    // The first version of it, which distributions have, does not know that a file may name the project.
    const compose = join(folder, 'docker-compose.yml');
    await writeFile(compose, (await readFile('docker-compose.yml', 'utf8')).replace(/^name: .*$/m, ''));
    const args = ['--env-file', file, '--project-directory', '.', '--file', compose, ...more.flatMap((other) => ['--file', other]), 'config'];
    return execute('docker-compose', args, { env: { PATH: process.env['PATH'] } });
  }

  test('takes the file with what .env.example asks for', async () => {
    const { stdout } = await config(env);
    expect(stdout).toContain(`postgres://distri:${required.POSTGRES_DISTRI_PASSWORD}@postgres:5432/distri`);
  });

  test('takes secrets from files with deploy/compose.secrets.yml', async () => {
    const { stdout } = await config({ ...env, COMPOSE_PROFILES: 'agents,shell,tls' }, 'deploy/compose.secrets.yml');
    const { services: merged } = parse(stdout) as { services: { [name: string]: { environment?: { [name: string]: string }; secrets?: unknown[] } } };
    for (const [name, { environment = {}, secrets = [] }] of Object.entries(merged)) {
      if (!('DATABASE_URL' in environment)) continue;
      expect(environment, name).toMatchObject({ DATABASE_URL: '', DATABASE_URL_FILE: '/run/secrets/database_url', DISTRI_SECRET_KEYS: '' });
      expect(secrets, name).toHaveLength(2);
    }
  });

  test.each(Object.keys(required))('refuses it without %s', async (name) => {
    await expect(config({ ...env, [name]: '' })).rejects.toMatchObject({ stderr: expect.stringMatching(/Set it in \.env/) as string });
  });
});

describe('each service', () => {
  const all = Object.entries(services);

  test('has bounds, and no powers but those that it needs', () => {
    for (const [name, service] of all) {
      expect(service, name).toMatchObject({ mem_limit: expect.anything() as unknown, cpus: expect.anything() as unknown, pids_limit: expect.anything() as unknown });
      expect(service, name).toMatchObject({ cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
      for (const mount of service.tmpfs ?? []) expect(mount, name).toMatch(/:size=\d+m/);
    }
  });

  test('that speaks without TLS is reached from this machine only', () => {
    const published = all.flatMap(([name, { ports = [] }]) => (name === 'tls' ? [] : ports.map((port) => substitute(port, env))));
    expect(published).toHaveLength(3);
    for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:/);
  });
});

/** The users and groups of the images. */
const IDS: { readonly [name: string]: number } = { root: 0, node: 1000 };

/** What starts a program as a container does: as a user `NAME` or `NAME:GROUP`, and with no other powers of root than these. */
function confined(user: string, powers: readonly string[]): string[] {
  const [name = '', group = name] = user.split(':');
  const bounding = ['-all', ...powers.map((each) => `+${each.toLowerCase()}`)].join(',');
  return ['setpriv', `--reuid=${IDS[name]}`, `--regid=${IDS[group]}`, '--clear-groups', '--inh-caps=-all', `--bounding-set=${bounding}`, '--no-new-privs'];
}

/** It takes root, and a folder of this repository that others may read. */
const [setpriv = '', ...asNode] = confined('node', []);
const canConfine = process.getuid?.() === 0 && spawnSync(setpriv, [...asNode, 'test', '-r', resolve('dist/cli/main.js')]).status === 0;

describe('the processes of the compose file, by hand', () => {
  const postgres = sharedPostgres();
  const running = new Map<string, Command>();
  let temporal: EmbeddedServer;
  let payloads: string;

  beforeAll(async () => {
    payloads = join(folder, 'payloads');
    temporal = await startEmbedded({ folder, memory: true, ui: false });
    const client = new pg.Client({ connectionString: await postgres().create('any') });
    await client.connect();
    await runSql(client, 'deploy/postgres/roles.sql', env);
    await client.end();
    await chmod(folder, 0o755);
    await mkdir(payloads, { mode: 0o770 });
    if (canConfine) await chown(payloads, IDS['node'] ?? 0, IDS['node'] ?? 0);
  });
  afterAll(async () => {
    for (const { child } of running.values()) child.kill('SIGKILL');
    await temporal.stop();
  });

  /** A value of the compose file as it is on this machine. */
  const here = (text: string): string =>
    substitute(text, env)
      .replace('@postgres:5432/', `@127.0.0.1:${postgres().port}/`)
      .replace(/^temporal:7233$/, temporal.address)
      .replace('/var/lib/distri/payloads', payloads)
      .replace(/^scripts$/, 'nobody');

  const environmentOf = ({ image, environment = {} }: Service) => {
    const all = { HOME: folder, ...(canConfine && imageOf(image).environment), ...environment };
    return Object.fromEntries(Object.entries(all).map(([name, value]) => [name, here(value)]));
  };

  /** Each container has ports of its own; here they are free ones. Gives the command, and how compose looks after its health. */
  async function ownPorts({ command = [], healthcheck }: Service): Promise<{ args: string[]; check: string[]; port: string }> {
    let [args, check, own] = [command, healthcheck?.test ?? [], ''];
    for (const flag of ['--port', '--metrics-port']) {
      const port = command[command.indexOf(flag) + 1];
      if (!command.includes(flag) || port === undefined) continue;
      own = String(await findFreePort());
      args = args.map((arg) => (arg === port ? own : arg));
      check = check.map((arg) => arg.replace(`:${port}/`, `:${own}/`));
    }
    return { args, check, port: own };
  }

  async function service(name: string): Promise<string> {
    const found = services[name];
    if (found === undefined) throw new Error(`There is no service ${name}`);
    const { args, check, port } = await ownPorts(found);
    const through = canConfine ? confined(imageOf(found.image).user, found.cap_add ?? []) : [];
    const command = await start(args, { cwd: folder, env: environmentOf(found), through });
    running.set(name, command);
    const [how, program = '', ...rest] = check;
    if (how === 'CMD') {
      const healthy = () => execute(program, rest).then(() => true, () => undefined);
      await Promise.race([
        eventually(healthy),
        command.ended.then(({ code, stderr }) => Promise.reject(new Error(`${name} ended with ${code}: ${stderr}`))),
      ]);
    }
    return port;
  }

  test('pass the smoke test, and end when they are asked to', async () => {
    const migrate = services['migrate'] ?? expect.fail('There is no service migrate');
    expect(await run(migrate.command ?? [], { cwd: folder, env: environmentOf(migrate) })).toMatchObject({ code: 0 });
    const [port] = await Promise.all(['api', 'worker-engine', 'worker-tool', 'codec'].map(service));

    const created = await run(['tokens', 'create', '--user', 'me', '--scope', 'admin'], { cwd: folder, env: environmentOf(services['api'] ?? migrate) });
    const token = created.stdout.trim();
    expect(token).toMatch(/^dwf_/);
    const smoke = () => execute(process.execPath, [resolve('deploy/smoke.mjs')], { env: { DISTRI_API_URL: `http://127.0.0.1:${port}`, DISTRI_TOKEN: token } });
    await expect(smoke()).resolves.toMatchObject({ stderr: '', stdout: expect.stringContaining('no worker runs scripts') as string });
    await service('worker-shell');
    await expect(smoke()).resolves.toMatchObject({ stderr: '', stdout: expect.stringContaining('it runs scripts') as string });

    for (const [name, command] of running) {
      const [, minutes = 0, secs = 10] = /^(?:(\d+)m)?(\d+)s$/.exec(substitute(services[name]?.stop_grace_period ?? '10s', env)) ?? [];
      const grace = 60_000 * Number(minutes) + 1_000 * Number(secs);
      const begun = Date.now();
      command.child.kill('SIGTERM');
      const { code, stderr } = await command.ended;
      expect({ name, code }, stderr).toEqual({ name, code: 0 });
      expect(Date.now() - begun, name).toBeLessThan(grace);
    }
  });

  test('each user of Postgres reaches its own databases alone', async () => {
    const reached = async (user: string, database: string) => {
      const url = `postgres://${user}:${env[`POSTGRES_${user.toUpperCase()}_PASSWORD`]}@127.0.0.1:${postgres().port}/${database}`;
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      await client.query('create table mine ()');
      await client.query('drop table mine');
      await client.end();
    };
    await Promise.all([reached('distri', 'distri'), reached('temporal', 'temporal'), reached('temporal', 'temporal_visibility')]);
    await expect(reached('temporal', 'distri')).rejects.toThrow(/permission denied for database/);
    await expect(reached('distri', 'temporal')).rejects.toThrow(/permission denied for database/);
  });

  test('a worker takes secrets from files, and its tools do not find them in the environment', async () => {
    const { DATABASE_URL = '', DISTRI_SECRET_KEYS = '', ...rest } = environmentOf(services['worker-tool'] ?? expect.fail('There is no service worker-tool'));
    const found = join(folder, 'found.json');
    const tools = join(folder, 'curious.tools.mjs');
    await writeFile(tools, `import { writeFileSync } from 'node:fs';\nwriteFileSync(${JSON.stringify(found)}, JSON.stringify(process.env));\nexport default [];\n`);
    await writeFile(join(folder, 'url'), `${DATABASE_URL}\n`);
    await writeFile(join(folder, 'keys'), DISTRI_SECRET_KEYS);
    const files = { DATABASE_URL_FILE: join(folder, 'url'), DISTRI_SECRET_KEYS_FILE: join(folder, 'keys') };
    const command = await start(['worker', '--skills', 'native:tool', '--no-engine', '--tools', tools, '--json'], { cwd: folder, env: { ...rest, ...files } });
    await command.until('stdout', /\n/);
    command.child.kill('SIGTERM');
    expect(await command.ended).toMatchObject({ code: 0 });
    const seen = await readFile(found, 'utf8');
    expect(JSON.parse(seen)).not.toHaveProperty('DATABASE_URL');
    for (const secret of [DATABASE_URL, DISTRI_SECRET_KEYS]) expect(seen).not.toContain(secret);
    const broken = await run(['worker', '--tools', tools], { cwd: folder, env: { ...rest, DATABASE_URL_FILE: join(folder, 'none') } });
    expect(broken).toMatchObject({ code: 2, stderr: expect.stringContaining('The file of DATABASE_URL_FILE cannot be read') as string });
  });

  test('the worker that runs scripts is started on request only, and gets no database and no key of connections', () => {
    const { environment = {}, profiles } = services['worker-shell'] ?? {};
    expect(profiles).toEqual(['shell']);
    expect(Object.keys(environment)).not.toContain('DATABASE_URL');
    expect(Object.keys(environment)).not.toContain('DISTRI_SECRET_KEYS');
    expect(Object.keys(services['worker-engine']?.environment ?? {})).toContain('DISTRI_SECRET_KEYS');
  });
});

describe('docs/configuration.md', async () => {
  const page = await readFile('docs/configuration.md', 'utf8');
  const documented = new Set(page.split('\n').filter((line) => line.startsWith('|')).flatMap((row) => (row.split('|')[1] ?? '').match(/[A-Z][A-Z0-9_]{3,}/g) ?? []));
  const file = await readFile('docker-compose.yml', 'utf8');

  test('has every variable that the deployment names', () => {
    const ours = Object.values(services).filter(({ image }) => image.startsWith('distri-workflow'));
    const named = [...ours.flatMap(({ environment = {} }) => Object.keys(environment)), ...Object.keys(env), ...[...file.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name)];
    expect([...new Set(named)].filter((name) => !documented.has(name))).toEqual([]);
  });

  test('has every variable that the code reads, and no other of its own', async () => {
    const pattern = String.raw`\b(DISTRI|OTEL|OPENAI)_[A-Z0-9_]*[A-Z0-9]\b|(variables\.|env\[')(TEMPORAL_[A-Z_]+|DATABASE_URL)\b`;
    const { stdout } = await execute('grep', ['-rhoE', pattern, 'src', '--include=*.ts', '--exclude=*.test.ts', '--exclude-dir=script']);
    const read = new Set(stdout.split('\n').map((name) => name.replace(/^.*[.']/, '')).filter((name) => name !== '' && !name.startsWith('DISTRI_PROVIDER_')));
    expect([...read].filter((name) => !documented.has(name))).toEqual([]);
    expect([...documented].filter((name) => /^DISTRI_(?!PROVIDER_)/.test(name) && !read.has(name))).toEqual([]);
  });
});
