import { describe, expect, it } from 'vitest';
import { withArguments } from './arguments.js';

describe('withArguments', () => {
  it.each([
    'echo $1',
    'echo "$1"',
    'echo ${1}',
    'echo ${2:-x}',
    'echo ${10}',
    'for a in "$@"; do echo "$a"; done',
    'for a; do echo x; done',
    'for a do echo x; done',
    'echo $*',
    'echo $#',
    'echo ${#}',
    'echo ${@:2}',
    'echo ${!#}',
    'shift; ls',
    'while getopts ab o; do :; done',
    "awk '{print $2}' \"$1\"",
    "echo \"it's $1\"",
    "# don't\necho $1",
  ])('leaves a command that uses its parameters: %s', (command) => {
    expect(withArguments(command, ['a'])).toBe(command);
  });

  it.each([
    ['ls', 'ls "$@"'],
    ['ls\n', 'ls "$@"'],
    ["awk '{print $1}'", `awk '{print $1}' "$@"`],
    ['echo \\$1', 'echo \\$1 "$@"'],
    ['echo "\\$1"', 'echo "\\$1" "$@"'],
    ['echo $$', 'echo $$ "$@"'],
    ['echo ${#HOME}', 'echo ${#HOME} "$@"'],
    ['echo ${1x', 'echo ${1x'],
    ["printf '%s\\n' # as in $1", `printf '%s\\n' "$@"`],
    ['echo $HOME', 'echo $HOME "$@"'],
  ])('appends them to a command that does not: %s', (command, expected) => {
    expect(withArguments(command, ['a'])).toBe(expected);
  });

  it('appends nothing when there are none', () => {
    expect(withArguments('ls', [])).toBe('ls');
  });

  it('is fast on a command of a megabyte of quotes', () => {
    const start = process.cpuUsage();
    withArguments(`'"\\`.repeat(350_000), ['a']);
    expect(process.cpuUsage(start).user / 1_000).toBeLessThan(5_000);
  });
});
