import { EXIT } from './errors.js';

/** Turns SIGINT and SIGTERM into an abort; a second signal ends the process at once. */
export interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit code that tells which signal it was. */
  readonly exitCode: number;
  /** Ctrl-C that a prompt has swallowed. */
  interrupt(): void;
  release(): void;
}

/** Resolves when the signal is aborted. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

export function listenForInterrupt(): Interrupt {
  const controller = new AbortController();
  let exitCode: number = EXIT.interrupted;
  const on = (code: number) => () => {
    if (controller.signal.aborted) process.exit(code);
    exitCode = code;
    controller.abort();
  };
  const onInterrupt = on(EXIT.interrupted);
  const onTerminate = on(EXIT.terminated);
  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    interrupt: onInterrupt,
    release: () => {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
    },
  };
}
