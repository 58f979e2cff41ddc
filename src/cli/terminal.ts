import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** Where the command line writes: results to stdout, everything said about them to stderr. */
export interface Terminal {
  /** One document or table on stdout. */
  print(text: string): void;
  /** A line on stderr. */
  say(text: string): void;
  /** Colours for stderr; none when it is no terminal or NO_COLOR is set. */
  readonly color: Colors;
  /** Colours for stdout. */
  readonly printColor: Colors;
  /** What is on stderr may be drawn again: it is a terminal with a size. */
  readonly live: boolean;
  /** There is somebody to ask. */
  readonly interactive: boolean;
  readonly json: boolean;
}

export function createTerminal(json: boolean): Terminal {
  const isTerminal = process.stderr.isTTY === true;
  // A terminal that nobody has given a size (a container's) cannot be drawn on.
  const live = isTerminal && process.stderr.columns > 0 && process.stderr.rows > 0;
  return {
    print: (text) => void process.stdout.write(`${text}\n`),
    say: (text) => void process.stderr.write(`${text}\n`),
    color: pc.createColors(pc.isColorSupported && isTerminal),
    printColor: pc.createColors(pc.isColorSupported && process.stdout.isTTY === true),
    live,
    interactive: isTerminal && process.stdin.isTTY === true,
    json,
  };
}

/** A JSON document on stdout: one line with `--json`, indented for people. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.print(JSON.stringify(value, null, terminal.json ? undefined : 2));
}

/** A reader that has had enough (`| head`) is no error of ours. */
export function ignoreBrokenPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit();
      throw error;
    });
  }
}
