import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEmbedded, type EmbeddedServer } from '../../src/cli/embedded.js';
import { findFreePort } from '../../src/cli/find-port.js';
import { eventually } from '../client/stage.js';
import { removeFolder, run, start, workFolder, type Command } from '../cli/support.js';
import { sharedPostgres } from '../support/postgres.js';
import { composeServices, filledEnvironment, substitute, type Service } from './compose.js';

const execute = promisify(execFile);
const PASSWORD = randomBytes(24).toString('hex');
const required = { POSTGRES_PASSWORD: PASSWORD, DISTRI_SECRET_KEYS: `k1:${randomBytes(32).toString('base64')}` };
const services = await composeServices();
const env = await filledEnvironment(required);

let folder: string;
beforeAll(async () => {
  folder = await workFolder();
});
afterAll(() => removeFolder(folder));

const hasCompose = spawnSync('docker-compose', ['version']).status === 0;

describe.skipIf(!hasCompose && process.env['CI'] === undefined)('docker-compose', () => {
  async function config(given: { [name: string]: string }) {
    const file = join(folder, '.env');
    await writeFile(file, Object.entries(given).map(([name, value]) => `${name}=${value}\n`).join(''));
    return execute('docker-compose', ['--env-file', file, '--file', 'docker-compose.yml', 'config'], { env: { PATH: process.env['PATH'] } });
  }

  test('takes the file with what .env.example asks for', async () => {
    const { stdout } = await config(env);
    expect(stdout).toContain(`postgres://distri:${PASSWORD}@postgres:5432/distri`);
  });

  test.each(Object.keys(required))('refuses it without %s', async (name) => {
    await expect(config({ ...env, [name]: '' })).rejects.toMatchObject({ stderr: expect.stringMatching(/Set it in \.env/) as string });
  });
});

describe('the processes of the compose file, by hand', () => {
  const postgres = sharedPostgres();
  const running = new Map<string, Command>();
  let temporal: EmbeddedServer;

  beforeAll(async () => {
    temporal = await startEmbedded({ folder, memory: true, ui: false });
    const client = new pg.Client({ connectionString: await postgres().create('distri') });
    await client.connect();
    await client.query(`create role distri login password '${PASSWORD}'`);
    await client.query('alter database distri owner to distri');
    await client.end();
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
      .replace('/var/lib/distri/payloads', join(folder, 'payloads'));

  const environmentOf = ({ environment = {} }: Service) => Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, here(value)]));

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
    const command = await start(args, { cwd: folder, env: environmentOf(found) });
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
    const [port] = await Promise.all(['api', 'worker-engine', 'worker-tool', 'worker-shell', 'codec'].map(service));

    const created = await run(['tokens', 'create', '--user', 'me', '--scope', 'admin'], { cwd: folder, env: environmentOf(services['api'] ?? migrate) });
    const token = created.stdout.trim();
    expect(token).toMatch(/^dwf_/);
    const smoke = execute(process.execPath, [resolve('deploy/smoke.mjs')], { env: { DISTRI_API_URL: `http://127.0.0.1:${port}`, DISTRI_TOKEN: token } });
    await expect(smoke).resolves.toMatchObject({ stderr: '' });

    for (const [name, command] of running) {
      const grace = 1_000 * Number.parseInt(services[name]?.stop_grace_period ?? '10s', 10);
      const begun = Date.now();
      command.child.kill('SIGTERM');
      const { code, stderr } = await command.ended;
      expect({ name, code }, stderr).toEqual({ name, code: 0 });
      expect(Date.now() - begun, name).toBeLessThan(grace);
    }
  });

  test('the worker that runs scripts gets no secret and no database', () => {
    const { environment = {} } = services['worker-shell'] ?? {};
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
    const { stdout } = await execute('grep', ['-rhoE', pattern, 'src', '--include=*.ts', '--exclude=*.test.ts']);
    const read = new Set(stdout.split('\n').map((name) => name.replace(/^.*[.']/, '')).filter((name) => name !== '' && !name.startsWith('DISTRI_PROVIDER_')));
    expect([...read].filter((name) => !documented.has(name))).toEqual([]);
    expect([...documented].filter((name) => /^DISTRI_(?!PROVIDER_)/.test(name) && !read.has(name))).toEqual([]);
  });
});
