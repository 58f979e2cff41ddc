/** What the shell does not expand: escapes, single quotes and comments. Double quotes are opened, their escapes gone. */
const LITERAL = /\\[\s\S]|\$'(?:\\[\s\S]|[^'\\])*'|'[^']*'|"((?:\\[\s\S]|[^"\\])*)"|(?<=^|\s)#[^\n]*/g;
const POSITIONAL = /\$(?:[1-9@*#]|\{[!#]?[1-9@*]|\{!?#\})/;
const IMPLICIT = /(?:^|[\s;&|({])(?:shift|getopts)\b|\bfor\s+\w+\s*[;\n]?\s*do\b/;
/** Quotes in it could mean that the `#` stands inside a text. */
const LAST_COMMENT = /(?:^|\s)#[^\n'"`]*$/;

/**
 * The command with its arguments in use: `"$@"` is appended when there are some and the command uses no positional
 * parameter itself, so that `ls` with `["-la"]` works.
 */
export function withArguments(command: string, args: readonly string[]): string {
  if (args.length === 0 || usesPositional(command)) return command;
  return `${command.trimEnd().replace(LAST_COMMENT, '')} "$@"`;
}

function usesPositional(command: string): boolean {
  const code = command.replace(LITERAL, (_match, quoted: string | undefined) => quoted?.replace(/\\[\s\S]/g, '') ?? '');
  return POSITIONAL.test(code) || IMPLICIT.test(code);
}
