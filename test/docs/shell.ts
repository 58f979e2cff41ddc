import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { findTemporal } from '../../src/cli/embedded.js';

const INHERITED = ['PATH', 'HOME', 'LANG', 'TMPDIR'];
const READY = /is ready|^Worker .* serves|^(Temporal )?Server:/m;
const EXPORTED = '.exported.sh';
const RESTORE = `if [ -f ${EXPORTED} ]; then . ./${EXPORTED}; fi\n`;

export interface Ended {
  code: number | null;
  output: string;
}

/** A folder of a reader's own with the package installed, and the shell that the reader types into. */
export class Shell {
  readonly #background: { child: ChildProcess; ended: Promise<Ended> }[] = [];

  private constructor(
    readonly folder: string,
    private readonly env: { [name: string]: string },
  ) {}

  static async open(extra: { [name: string]: string } = {}): Promise<Shell> {
    const folder = await mkdtemp(join(tmpdir(), 'distri-docs-'));
    const temporal = await findTemporal({ folder: resolve('.distri') });
    const bin = join(folder, 'node_modules', '.bin');
    await mkdir(bin, { recursive: true });
    await writeFile(join(folder, 'package.json'), '{"name":"my-flows","private":true}');
    await symlink(resolve('.'), join(folder, 'node_modules', 'distri-workflow'));
    await symlink(resolve('node_modules', 'zod'), join(folder, 'node_modules', 'zod'));
    await symlink(temporal, join(bin, 'temporal'));
    await writeFile(join(bin, 'distri-workflow'), `#!/bin/sh\nexec '${process.execPath}' '${resolve('dist/cli/main.js')}' "$@"\n`);
    await chmod(join(bin, 'distri-workflow'), 0o755);
    const inherited = INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]] as const]));
    const env: { [name: string]: string } = { ...Object.fromEntries(inherited), TEMPORAL_CLI_PATH: temporal, ...extra };
    return new Shell(folder, { ...env, PATH: [bin, env['PATH']].join(delimiter) });
  }

  async write(name: string, text: string): Promise<void> {
    await writeFile(join(this.folder, name), text);
  }

  /** Runs a script to its end. What it exports, later ones see. */
  async run(script: string): Promise<Ended> {
    return this.#spawn(`${RESTORE}${script}\nexport -p > ${EXPORTED}`).ended;
  }

  /** Starts a command that goes on until `close`, and waits until it says that it is ready. */
  async start(command: string): Promise<void> {
    const started = this.#spawn(`${RESTORE}exec ${command}`);
    this.#background.push(started);
    await new Promise<void>((ready, failed) => {
      started.heard.push((output) => READY.test(output) && ready());
      void started.ended.then(({ output }) => failed(new Error(`It ended before it was ready:\n${output}`)));
    });
  }

  /** Ends what runs in the background, the last first; answers how each of them ended. */
  async endBackground(): Promise<Ended[]> {
    const ends: Ended[] = [];
    for (const { child, ended } of this.#background.splice(0).reverse()) {
      child.kill('SIGTERM');
      ends.push(await ended);
    }
    return ends;
  }

  async close(): Promise<void> {
    await this.endBackground();
    await rm(this.folder, { recursive: true, force: true });
  }

  #spawn(script: string) {
    const child = spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd: this.folder, env: this.env, stdio: ['ignore', 'pipe', 'pipe'] });
    const heard: ((output: string) => void)[] = [];
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
        for (const hear of heard) hear(output);
      });
    }
    const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, output }));
    return { child, ended, heard };
  }
}
