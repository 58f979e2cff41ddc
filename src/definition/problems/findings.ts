import type { Code } from '../codes.js';
import type { Path } from './path.js';

/** A problem before its place in the file is known. `at`: whether the key or the value at the path is concerned. */
export interface Finding {
  severity: 'error' | 'warning';
  code: Code;
  path: Path;
  at: 'key' | 'value';
  message: string;
  hint?: string;
}

interface FindingOptions {
  /** May be undefined, for a hint that is not always there. */
  hint?: string | undefined;
  at?: 'key' | 'value';
}

/** Collects all that the checks of one document find. */
export class Findings {
  readonly list: Finding[] = [];
  private errors = 0;

  get hasErrors(): boolean {
    return this.errors > 0;
  }

  error(code: Code, path: Path, message: string, options: FindingOptions = {}): void {
    this.errors++;
    this.add('error', code, path, message, options);
  }

  warn(code: Code, path: Path, message: string, options: FindingOptions = {}): void {
    this.add('warning', code, path, message, options);
  }

  /** Takes what was found in a part of the document. */
  addAll(found: Findings, path: Path): void {
    for (const { severity, code, path: inner, message, ...options } of found.list) {
      if (severity === 'error') this.errors++;
      this.add(severity, code, [...path, ...inner], message, options);
    }
  }

  private add(severity: Finding['severity'], code: Code, path: Path, message: string, options: FindingOptions): void {
    const finding: Finding = { severity, code, path, at: options.at ?? 'value', message };
    if (options.hint !== undefined) finding.hint = options.hint;
    this.list.push(finding);
  }
}
