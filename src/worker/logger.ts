import { Runtime, type Logger as TemporalLogger, type LogLevel, type RuntimeOptions } from '@temporalio/worker';
import { IllegalStateError } from '@temporalio/common';
import { pino, type Logger } from 'pino';

/** JSON lines on stderr. `level` is pino's: `silent`, `error`, `warn`, `info`, `debug` or `trace`. */
export function createLogger(level = 'info'): Logger {
  return pino({ level, name: 'distri-worker', base: { pid: process.pid } }, pino.destination({ dest: 2, sync: true }));
}

const LEVELS = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const satisfies {
  [level in LogLevel]: string;
};

/** An error's properties may hold payloads: only what it is and says is logged. */
function plain(value: unknown): unknown {
  return value instanceof Error ? { type: value.name, message: value.message, stack: value.stack } : value;
}

function temporalLogger(logger: Logger): TemporalLogger {
  const write = (level: LogLevel, message: string, meta: object = {}): void => {
    const fields = Object.fromEntries(Object.entries(meta).map(([key, value]) => [key, plain(value)]));
    // Each Temporal Worker tells its five states and that it has no workflows: too much with a queue for each skill.
    const isRoutine = fields['sdkComponent'] === 'worker' && (level === 'INFO' || message.startsWith('No workflows registered'));
    logger[isRoutine ? 'debug' : LEVELS[level]](fields, message);
  };
  return {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  };
}

/**
 * Sends Temporal's own log to `logger` and, when an address is given, serves its core's metrics there. Temporal has one
 * runtime a process: when there is one already it stays as it is, and the answer is false.
 */
export function installRuntime(logger: Logger, coreMetricsAddress?: string): boolean {
  const metrics: RuntimeOptions['telemetryOptions'] =
    coreMetricsAddress === undefined ? {} : { metrics: { prometheus: { bindAddress: coreMetricsAddress } } };
  try {
    Runtime.install({
      logger: temporalLogger(logger),
      telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} }, ...metrics },
      shutdownSignals: [],
    });
    return true;
  } catch (error) {
    if (error instanceof IllegalStateError) return false;
    throw error;
  }
}
