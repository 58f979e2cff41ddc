import Table from 'cli-table3';
import type { Terminal } from '../terminal.js';
import { plain } from './text.js';

const NO_LINES = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '', bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '', right: '', 'right-mid': '', middle: '  ' },
};

/** Prints rows under their heads; `none` when there are no rows. Cells are made safe for the terminal. */
export function printTable(terminal: Terminal, head: string[], rows: string[][], none: string): void {
  if (rows.length === 0) {
    terminal.say(none);
    return;
  }
  const table = new Table({
    head: head.map((title) => terminal.printColor.dim(title)),
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  table.push(...rows.map((row) => row.map(plain)));
  terminal.print(table.toString().replace(/ +$/gm, ''));
}
