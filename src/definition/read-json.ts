import { parse, parseTree, printParseErrorCode, type Node, type ParseError } from 'jsonc-parser';
import { parseExact } from './exact-json.js';
import { own } from './json.js';
import { documentBounds, LIMITS, tooDeepMessage, tooDeepOffset } from './limits.js';
import { SyntaxProblem, type Source } from './source.js';
import type { Locate } from './positions.js';
import type { Path } from './problems/path.js';

/**
 * Reads the text of a JSON file.
 *
 * @throws SyntaxProblem
 */
export function readJson(text: string): Source {
  if (text.trim() === '') throw new SyntaxProblem('MALFORMED_JSON', 'The file is empty', 0);
  const tooDeep = tooDeepOffset(text);
  if (tooDeep !== undefined)
    throw new SyntaxProblem('NESTED_TOO_DEEP', tooDeepMessage(documentBounds(LIMITS.bytes)), tooDeep);
  try {
    const { value, inexact } = parseExact(text);
    return { value, inexact, origin: { text, locate: jsonLocator(text) } };
  } catch (error) {
    throw syntaxProblem(text, error);
  }
}

function syntaxProblem(text: string, cause: unknown): SyntaxProblem {
  const errors: ParseError[] = [];
  parse(text, errors, { disallowComments: true });
  const first = errors[0];
  if (first === undefined) return new SyntaxProblem('MALFORMED_JSON', (cause as Error).message, 0);
  const found = text.slice(first.offset, first.offset + Math.min(first.length, 20));
  const explanation = own(EXPLANATIONS, printParseErrorCode(first.error)) ?? printParseErrorCode(first.error);
  const instead = found === '' ? 'the file ends here' : `found ${JSON.stringify(found)}`;
  return new SyntaxProblem('MALFORMED_JSON', `Malformed JSON: ${explanation}, ${instead}`, first.offset);
}

const EXPLANATIONS: { readonly [code: string]: string } = {
  InvalidSymbol: 'expected JSON, whose names and texts stand in double quotes',
  InvalidNumberFormat: 'expected a number',
  PropertyNameExpected: 'expected a property name in double quotes',
  ValueExpected: 'expected a value',
  ColonExpected: "expected ':'",
  CommaExpected: "expected ','",
  CloseBraceExpected: "expected '}' or ','",
  CloseBracketExpected: "expected ']' or ','",
  EndOfFileExpected: 'expected the end of the file',
  InvalidCommentToken: 'JSON has no comments, YAML has',
  UnexpectedEndOfComment: 'JSON has no comments, YAML has',
  UnexpectedEndOfString: 'a string is not closed',
  UnexpectedEndOfNumber: 'a number is not complete',
  InvalidUnicode: 'a \\u escape needs four hexadecimal digits',
  InvalidEscapeCharacter: 'an escape that JSON does not know (write \\\\ for a backslash)',
  InvalidCharacter: 'a control character in a string (write \\n, \\t or \\u00XX)',
};

/** The tree with positions is built at the first question, since most documents have no problems. */
function jsonLocator(text: string): Locate {
  let root: Node | undefined;
  const properties = new WeakMap<Node, Map<string, Node>>();
  const property = (node: Node, key: string): Node | undefined => {
    let byKey = properties.get(node);
    if (byKey === undefined) {
      // A later duplicate wins, as it does in JSON.parse.
      byKey = new Map((node.children ?? []).map((child) => [String(child.children?.[0]?.value), child]));
      properties.set(node, byKey);
    }
    return byKey.get(key);
  };
  return (path: Path, at) => {
    root ??= parseTree(text);
    let node = root;
    let offset = root?.offset;
    for (const [depth, segment] of path.entries()) {
      const pair = typeof segment === 'string' && node?.type === 'object' ? property(node, segment) : undefined;
      node = typeof segment === 'number' ? node?.children?.[segment] : pair?.children?.[1];
      if (node === undefined) break;
      offset = at === 'key' && depth === path.length - 1 && pair !== undefined ? pair.offset : node.offset;
    }
    return offset;
  };
}
