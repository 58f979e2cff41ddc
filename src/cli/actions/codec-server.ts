import { isLoopbackHost } from '../../definition/loopback.js';
import { createDataConverter } from '../../temporal/data-converter.js';
import { withCleanup } from '../cleanup.js';
import { startCodecServer } from '../codec/server.js';
import type { CodecServerFlags } from '../commands/storage.js';
import type { Context } from '../context.js';
import { dataSettings } from '../data-settings.js';
import { EXIT, UsageError } from '../errors.js';
import { listenForInterrupt, untilAborted } from '../interrupt.js';
import { findServer } from '../server.js';
import { printJson } from '../terminal.js';

/** Serves the codec endpoint until SIGINT or SIGTERM. */
export async function codecServer(context: Context, { port, host, uiOrigin, withoutToken }: CodecServerFlags): Promise<number> {
  const token = withoutToken === true ? undefined : context.environment.codecToken;
  if (!isLoopbackHost(host) && token === undefined && withoutToken !== true) {
    throw new UsageError(
      `Whoever reaches ${host} could read all payloads`,
      'Set DISTRI_CODEC_TOKEN, leave --host out, or say --without-token when nobody else can reach it.',
    );
  }
  return withCleanup(async (cleanup) => {
    const interrupt = listenForInterrupt();
    cleanup.add(async () => interrupt.release());
    const server = await findServer(context);
    const origins = uiOrigin ?? (server?.uiUrl === undefined ? [] : originsOf(server.uiUrl));
    const dataConverter = createDataConverter(server?.data ?? (await dataSettings(context, undefined)));
    const serving = await startCodecServer({ dataConverter, port, host, origins, token });
    cleanup.add(() => serving.close());
    const { terminal } = context;
    if (terminal.json) printJson(terminal, { codec_server: serving.url, ui_origins: origins });
    else terminal.print(`The codec endpoint is ${serving.url}; Web UIs that may ask: ${origins.join(', ') || 'none, see --ui-origin'}`);
    await untilAborted(interrupt.signal);
    return EXIT.completed;
  });
}

/** The Web UI of a local server is opened by either name. */
function originsOf(uiUrl: string): string[] {
  const { origin, protocol, port } = new URL(uiUrl);
  return [...new Set([origin, ...(isLoopbackHost(new URL(uiUrl).hostname) ? [`${protocol}//localhost:${port}`, `${protocol}//127.0.0.1:${port}`] : [])])];
}
